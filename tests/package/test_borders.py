"""The shape of the package: reading order, names, docstrings, imports, wheel."""

import ast
import inspect
import re
import subprocess
import sys
import tomllib
import zipfile
from itertools import groupby

import pytest
import torch
from mutate_code import path_of
from project import ROOT

import linreg
from linreg import rounding

PACKAGE = ROOT / "linreg"
ORDER = [
    "errors",
    "ambient",
    "checks",
    "settings",
    "weights",
    "keep",
    "result",
    "workers",
    "ring",
    "basics.data",
    "basics.exercise",
    "basics.model",
    "basics.products",
    "basics.loss",
    "basics.held",
    "basics.told",
    "basics.statistics",
    "basics.merging",
    "basics.objective",
    "closed_form.shortest",
    "closed_form.accuracy",
    "closed_form.columns",
    "closed_form.triangle",
    "closed_form.doubled.arithmetic",
    "closed_form.doubled.residual",
    "closed_form.narrow",
    "closed_form.textbook",
    "closed_form.doubled.refinement",
    "closed_form.from_sums",
    "closed_form.rows",
    "closed_form.ordinary",
    "closed_form.brief",
    "closed_form.solve",
    "closed_form.doubled.deviation",
    "closed_form.certified",
    "descent.krylov",
    "descent.wide",
    "descent.bowl",
    "descent.curvature",
    "descent.modes",
    "descent.forecast",
    "descent.steps",
    "descent.loop",
    "descent.full_batch",
    "descent.verdict",
    "descent.gradient",
    "descent.accelerated",
    "descent.adam",
    "descent.second_order",
    "descent.noise",
    "descent.batches",
    "inference.explained",
    "inference.distributions",
    "inference.design",
    "inference.passes",
    "inference.fitted",
    "inference.from_sums",
    "inference.robust_errors",
    "inference.facts",
    "inference.table",
    "inference.record",
    "inference.inference",
    "inference.one_out",
    "inference.influence",
    "inference.collinearity",
    "inference.assumptions",
    "inference.bootstrap",
    "inference.subsets",
    "inference.folds",
    "inference.validation",
    "inference.learning",
    "generalised.robust.row_loss",
    "generalised.robust.scale",
    "generalised.robust.sample",
    "generalised.robust.robust_fit",
    "generalised.robust.reweighting",
    "generalised.robust.subsample",
    "generalised.robust.m_estimates",
    "generalised.robust.absolute",
    "generalised.penalised.penalty",
    "generalised.penalised.path",
    "generalised.penalised.problem",
    "generalised.penalised.penalised_rows",
    "generalised.penalised.free",
    "generalised.penalised.ridge_solver",
    "generalised.penalised.ridge_wide",
    "generalised.penalised.ridge_left_out",
    "generalised.penalised.ridge_along",
    "generalised.penalised.ridge",
    "generalised.penalised.homotopy",
    "generalised.penalised.homotopy_rows",
    "generalised.penalised.quadratic",
    "generalised.penalised.lasso_solver",
    "generalised.penalised.lasso_along",
    "generalised.penalised.lasso",
    "generalised.penalised.path_validation",
    "generalised.classes.log_loss",
    "generalised.classes.class_ranks",
    "generalised.classes.likelihood",
    "generalised.classes.separation",
    "generalised.classes.newton",
    "generalised.classes.targets",
    "generalised.classes.frame",
    "generalised.classes.class_passes",
    "generalised.classes.class_sample",
    "generalised.classes.class_problem",
    "generalised.classes.class_narrow",
    "generalised.classes.class_fit",
    "generalised.classes.logistic",
    "generalised.classes.softmax",
    "generalised.classes.class_stream",
    "generalised.classes.class_record",
    "generalised.classes.class_inference",
    "streaming.kinds",
    "streaming.cures",
    "streaming.npy",
    "streaming.tables",
    "streaming.delimited",
    "streaming.folders",
    "streaming.chosen",
    "streaming.ahead",
    "streaming.files",
    "streaming.stream",
    "streaming.ranks",
    "plot.axes",
    "plot.data",
    "plot.descent",
    "plot.generalised",
    "plot.inference",
    "rounding",
]
FOLDERS = [
    "basics",
    "closed_form",
    "closed_form.doubled",
    "descent",
    "inference",
    "generalised",
    "generalised.robust",
    "generalised.penalised",
    "generalised.classes",
    "streaming",
    "plot",
]
# Steps of a public function, without a name of their own in the package.
INNER = {
    "ambient",
    "checks",
    "settings",
    "weights",
    "keep",
    "workers",
    "ring",
    "basics.products",
    "basics.held",
    "basics.told",
    "basics.merging",
    "basics.objective",
    "closed_form.shortest",
    "closed_form.accuracy",
    "closed_form.narrow",
    "closed_form.columns",
    "closed_form.triangle",
    "closed_form.doubled.residual",
    "closed_form.doubled.refinement",
    "closed_form.doubled.deviation",
    "closed_form.rows",
    "closed_form.ordinary",
    "closed_form.brief",
    "descent.wide",
    "descent.bowl",
    "descent.modes",
    "descent.steps",
    "descent.loop",
    "descent.full_batch",
    "descent.verdict",
    "descent.noise",
    "inference.distributions",
    "inference.design",
    "inference.passes",
    "inference.fitted",
    "inference.from_sums",
    "inference.robust_errors",
    "inference.facts",
    "inference.table",
    "inference.folds",
    "generalised.robust.scale",
    "generalised.robust.sample",
    "generalised.robust.reweighting",
    "generalised.robust.subsample",
    "generalised.penalised.penalty",
    "generalised.penalised.problem",
    "generalised.penalised.penalised_rows",
    "generalised.penalised.free",
    "generalised.penalised.ridge_solver",
    "generalised.penalised.ridge_wide",
    "generalised.penalised.ridge_left_out",
    "generalised.penalised.ridge_along",
    "generalised.penalised.homotopy",
    "generalised.penalised.homotopy_rows",
    "generalised.penalised.quadratic",
    "generalised.penalised.lasso_solver",
    "generalised.penalised.lasso_along",
    "generalised.classes.log_loss",
    "generalised.classes.class_ranks",
    "generalised.classes.likelihood",
    "generalised.classes.newton",
    "generalised.classes.targets",
    "generalised.classes.frame",
    "generalised.classes.class_passes",
    "generalised.classes.class_sample",
    "generalised.classes.class_problem",
    "generalised.classes.class_narrow",
    "streaming.kinds",
    "streaming.cures",
    "streaming.npy",
    "streaming.tables",
    "streaming.delimited",
    "streaming.folders",
    "streaming.chosen",
    "streaming.ahead",
}

PUBLIC = {f"linreg.{name}": getattr(linreg, name) for name in linreg.__all__ if name != "plot"}
PUBLIC |= {f"linreg.plot.{name}": getattr(linreg.plot, name) for name in linreg.plot.__all__}
PUBLIC |= {f"linreg.rounding.{name}": getattr(rounding, name) for name in rounding.__all__}
FUNCTIONS = {name: item for name, item in PUBLIC.items() if inspect.isfunction(item)}


def imports(module: str) -> set[str]:
    """The modules of the package that one imports, wherever in its code."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / path_of(module)).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("linreg."):
            found.add(node.module.removeprefix("linreg."))
        elif isinstance(node, ast.Import):
            found |= {a.name.removeprefix("linreg.") for a in node.names if a.name.startswith("linreg")}
    return found


MODULES = {path_of(name) for name in ("__init__", *ORDER, *(f"{folder}.__init__" for folder in FOLDERS))}


def test_no_other_modules():
    assert {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*.py")} == MODULES


def test_the_modules_of_a_folder_stand_together():
    """So the order of the modules is one of the folders too, and each uses only those before it."""
    folders = [module.partition(".")[0] for module in ORDER if "." in module]
    assert [folder for folder, _ in groupby(folders)] == [folder for folder in FOLDERS if "." not in folder]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_says_in_one_sentence_what_it_holds(folder):
    """And does nothing else; the figures alone have names in their folder."""
    tree = ast.parse((ROOT / path_of(f"{folder}.__init__")).read_text())
    assert ast.get_docstring(tree).splitlines()[0].endswith(".")
    if folder != "plot":
        assert len(tree.body) == 1
        assert folder not in linreg.__all__  # a name that `linreg` gives to something else


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_only_earlier_ones(module):
    assert imports(module) <= set(ORDER[: ORDER.index(module)])


@pytest.mark.parametrize("module", ORDER)
def test_a_file_can_be_read_in_one_sitting(module):
    """A longer one holds a second idea, which wants a file of its own."""
    assert len((ROOT / path_of(module)).read_text().splitlines()) < 350


def test_names_stand_in_reading_order():
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    froms = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module.startswith("linreg")]
    froms.sort(key=lambda node: node.lineno)
    assert [n.module.removeprefix("linreg.") for n in froms if n.module != "linreg"] == [
        module for module in ORDER if module not in INNER | {"rounding"} and not module.startswith("plot.")
    ]
    order = {alias.name: i for i, node in enumerate(froms) for alias in node.names}
    assert sorted(linreg.__all__, key=order.__getitem__) == linreg.__all__
    assert set(linreg.__all__) == set(order)


def test_what_is_imported_later_is_what_type_checkers_are_told():
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    told = [node for node in tree.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name)]
    named = {node.module: tuple(alias.name for alias in node.names) for block in told for node in block.body}
    named["linreg.plot"] = named.pop("linreg")
    assert named == linreg.LATER


def test_fitting_alone_imports_half():
    code = (
        "import sys, linreg; linreg.solve; print(*{*sys.modules} & {*linreg.LATER}); linreg.sgd, linreg.plot"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "\n"


def test_a_name_that_is_not_there():
    assert {*dir(linreg)} >= {*linreg.__all__}
    with pytest.raises(AttributeError, match="module 'linreg' has no attribute 'solv'"):
        linreg.solv  # noqa: B018


# Borders. `__all__` of a module lists what others may use of it; an underscore means: this file.

# Shared rooms: what they list may be used in other folders, public or not.
ROOMS = {
    "basics.held",
    "basics.merging",
    "basics.products",
    "basics.loss",
    "basics.objective",
    "closed_form.columns",
    "closed_form.triangle",
    "closed_form.from_sums",
    "closed_form.accuracy",
    "closed_form.narrow",
    "closed_form.shortest",
    "inference.design",
    "inference.fitted",
    "inference.folds",
    "inference.table",
    "inference.from_sums",
}
RECORD = {"_replace", "_asdict"}  # what the standard library calls two methods of every NamedTuple


def taken(module: str) -> set[tuple[str, str]]:
    """What a module imports of others, as pairs of a module and a name."""
    return {
        (node.module.removeprefix("linreg."), alias.name)
        for node in ast.walk(ast.parse((ROOT / path_of(module)).read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("linreg.")
        for alias in node.names
    }


def listed(module: str) -> list[str]:
    return __import__(f"linreg.{module}", fromlist=["__all__"]).__all__


TAKEN = {module: taken(module) for module in ("__init__", "plot.__init__", *ORDER)}


@pytest.mark.parametrize("module", ORDER)
def test_a_module_lists_what_it_defines_and_others_use(module):
    tree = ast.parse((ROOT / path_of(module)).read_text())
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {
                name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
            }
    used = {name for found in TAKEN.values() for origin, name in found if origin == module}
    assert set(listed(module)) <= defined
    assert set(listed(module)) == used | set(listed(module)) & {*rounding.__all__, "Reduction"}
    assert not [name for name in listed(module) if name.startswith("_")]


@pytest.mark.parametrize("module", ORDER)
def test_across_folders_only_public_names_and_shared_rooms(module):
    public = {*linreg.__all__, *linreg.plot.__all__, "Reduction"}
    for origin, name in TAKEN[module]:
        folders = {path.partition(".")[0] for path in (origin, module)}
        assert len(folders) == 1 or "." not in origin or name in public or origin in ROOMS, (origin, name)


def test_a_room_is_shared():
    for room in ROOMS:
        users = {
            module.partition(".")[0]
            for module, found in TAKEN.items()
            for origin, _ in found
            if origin == room
        }
        assert users - {room.partition(".")[0]}


@pytest.mark.parametrize("module", ORDER)
def test_an_underscore_means_this_file(module):
    tree = ast.parse((ROOT / path_of(module)).read_text())
    here = set(RECORD)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            here.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            here.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            here.add(node.id)
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not [name for name in used - here if name.startswith("_") and not name.startswith("__")]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstring_sections(name):
    text = inspect.getdoc(FUNCTIONS[name])
    first = text.splitlines()[0]
    assert first.endswith((".", ":")) or "\n\n" in text
    sections = re.findall(r"^(Args|Returns|Raises|Examples):$", text, re.MULTILINE)
    assert sections == ["Args", "Returns", "Raises", "Examples"]
    assert ">>>" in text
    arguments = re.search(r"^Args:\n((?: +.*\n|\n)*)", text + "\n", re.MULTILINE).group(1)
    documented = re.findall(r"^    (\w+):", arguments, re.MULTILINE)
    assert documented == list(inspect.signature(FUNCTIONS[name]).parameters)
    raised = re.search(r"^Raises:\n((?: +.*\n|\n)*)", text + "\n", re.MULTILINE).group(1)
    for error in re.findall(r"^    (\w+):", raised, re.MULTILINE):
        assert issubclass(getattr(linreg, error), linreg.LinregError)


@pytest.mark.parametrize("name", PUBLIC)
def test_everything_has_a_docstring(name):
    text = inspect.getdoc(PUBLIC[name])
    assert text
    assert len(text.splitlines()[0]) > 10
    if inspect.isclass(PUBLIC[name]):
        for part, member in vars(PUBLIC[name]).items():
            if not part.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
                assert inspect.getdoc(member), f"{name}.{part}"


@pytest.mark.parametrize("name", PUBLIC)
def test_everything_is_on_an_api_page(name):
    pages = "\n".join(page.read_text() for page in (ROOT / "docs/en/reference").glob("api*.md"))
    entries = set(re.findall(r"^::: ([\w.]+)", pages, re.MULTILINE))
    home = f"{PUBLIC[name].__module__}.{PUBLIC[name].__name__}"
    assert entries & {name, home, PUBLIC[name].__module__}, f"add `::: {name}` to a page in docs/en/reference"


@pytest.mark.parametrize("name", PUBLIC)
def test_signatures_are_typed(name):
    if not inspect.isfunction(PUBLIC[name]):
        return
    signature = inspect.signature(PUBLIC[name])
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(p.annotation is not inspect.Parameter.empty for p in signature.parameters.values())


# What an argument is where a call leaves it out: the same in every function that takes it, but for these.
DEFAULTS = {
    "intercept": True, "weights": None, "frequency": False, "dtype": None, "reduction": "half_mean",
    "w": None, "b": 0.0, "record": True, "progress": False, "sums": False, "autograd": False, "tol": None,
    "nesterov": False, "level": 0.95, "names": None, "scale": "mad", "alphas": 100, "l1_ratio": 1.0,
    "standardise": False, "unpenalised": (), "alpha": 0.0, "classes": None, "class_weights": None,
    "ranks": False, "timeout": 1800.0, "missing": "error", "ax": None,
}  # fmt: skip
OWN_DEFAULTS = {
    "linreg.absolute": {"steps": 100},
    "linreg.adam": {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0},
    "linreg.bootstrap": {"resamples": 2000, "kind": "pairs"},
    "linreg.breusch_pagan": {"studentised": True},
    "linreg.check": {"tol": 1e-3},
    "linreg.conjugate_gradients": {"steps": 3000, "record": False},
    "linreg.cross_validate": {"folds": 10, "generator": None},
    "linreg.elastic_net": {"l1_ratio": 0.5},
    "linreg.huber": {"delta": 1.345, "steps": 200},
    "linreg.infer": {"errors": "classical"},
    "linreg.lbfgs": {"steps": 1000, "memory": 10},
    "linreg.momentum": {"beta": 0.9},
    "linreg.newton": {"steps": 10},
    "linreg.ordinary": {"dtype": torch.float64, "seed": 0},
    "linreg.predict_loss": {"beta": 0.0},
    "linreg.predict_steps": {"beta": 0.0, "tolerance": 0.01},
    "linreg.simulate": {"w": (-1.0, 1.0), "b": 2.0, "dtype": torch.float64},
    "linreg.tukey": {"delta": 4.685, "steps": 200},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_argument_has_one_default(name):
    signature = inspect.signature(FUNCTIONS[name]).parameters.items()
    own = OWN_DEFAULTS.get(name, {})
    found = {
        argument: p.default
        for argument, p in signature
        if p.default is not p.empty and argument in DEFAULTS | own
    }
    assert found == {argument: (DEFAULTS | own)[argument] for argument in found}
    assert set(own) <= set(found)


def test_import_loads_torch_alone():
    """What torch itself loads where it finds it (tqdm, numpy) is not ours to count."""
    code = (
        "import sys, torch\n"
        "optional = {'matplotlib', 'tqdm', 'sklearn', 'statsmodels', 'pandas', 'scipy'} - set(sys.modules)\n"
        "for name in optional: sys.modules[name] = None  # importing it fails from here on\n"
        "import linreg\n"
        "X, y = linreg.simulate(50, generator=torch.Generator().manual_seed(0))\n"
        "assert linreg.solve(X, y).status == 'ok'\n"
        "print([name for name in optional if sys.modules[name] is not None])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert not done.stderr


def test_the_only_requirement_is_torch():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert [re.split(r"[<>=]", requirement)[0] for requirement in project["dependencies"]] == ["torch"]
    assert {"docs", "test", "plot", "dev"} <= set(project["optional-dependencies"])


def test_the_wheel_carries_only_the_package(tmp_path):
    pytest.importorskip("flit_core")
    build = f"from flit_core import buildapi; print(buildapi.build_wheel({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", build], cwd=ROOT, capture_output=True, text=True, check=True)
    wheel = tmp_path / done.stdout.strip().splitlines()[-1]
    names = zipfile.ZipFile(wheel).namelist()
    info = f"linreg_book-{linreg.__version__}.dist-info/"
    assert wheel.name.startswith(f"linreg_book-{linreg.__version__}-py3-")
    assert {name for name in names if not name.startswith(info)} == {"linreg/py.typed", *MODULES}
    assert any(name.endswith("LICENSE") for name in names)
    # and what it carries works without the repository around it
    code = "import linreg; print(linreg.__file__, linreg.solve.__module__)"
    run = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(wheel)!r}); {code}"]
    out = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert str(wheel) in out
