"""The files of translators, and what is wrong with a translation."""

from pathlib import Path

import pytest
from mkdocs.exceptions import PluginError

from book.page.files import parse
from book.translate import catalogues, checks, search, terms
from book.translate.edition import Edition

BOWL = "The loss is a bowl with one lowest point, and descent slides towards it."
BOWLS = BOWL.replace("one", "a")


def update(file: Path, *messages: str, **translated: str) -> dict[str, str]:
    """The file in step with the messages; translations of some by their first word."""
    catalogue = catalogues.updated(catalogues.read(file), [(message, "") for message in messages])
    for message in catalogue:
        if message.id and (word := str(message.id).split()[0]) in translated:
            message.string = translated[word]
            message.flags.discard("fuzzy")
    catalogues.save(catalogue, file)
    return catalogues.translations(catalogues.read(file))


def test_a_changed_message_is_in_doubt_with_the_words_before(tmp_path: Path) -> None:
    file = tmp_path / "a.po"
    assert update(file, BOWL, "Bye", The="碗", Bye="再见") == {BOWL: "碗", "Bye": "再见"}
    assert update(file, BOWLS, "New") == {BOWL: "碗", "Bye": "再见"}, "known, should they come back"
    said = f'#, fuzzy\n#| msgid "{BOWL}"\nmsgid "{BOWLS}"\nmsgstr "碗"\n\nmsgid "New"\nmsgstr ""\n'
    assert said in file.read_text()
    text = file.read_text()
    update(file, BOWLS, "New")
    assert file.read_text() == text, "nothing changed, nothing written anew"
    assert update(file, BOWL, "Bye") == {BOWL: "碗", "Bye": "再见"}
    assert "fuzzy" not in file.read_text()


FAULTS = [
    ("到 <1> 为止", "in <1> steps", "步"),  # the place alone
    ("用 40 步", "in <1> steps", "places: <1> is missing"),
    ("用 <1> 步，<1> 步", "in <1> steps", "places: <1> is not in the English"),
    ("用 <!--= n -->40<!--/--> 步", "in <1> steps", "a claim is written as its place"),
    ("$\\text{40 步}$ 内", "in $\\text{41 steps}$", "the number 41 stands in one of both"),
    ("[`b`][linreg.b]", "[`b`][linreg.a]", "markup: ][linreg.a] is missing"),
    ("[损失](loss.md)", "[The loss]<1>", "places: ]<1> is missing"),
    ("[损失]<1>", "The loss <1>", "places: ]<1> is not in the English"),
    ("`lstq` 的解", "`lstsq`", "code and formulas: `lstsq` is missing"),
    ("$x_2$ 为零", "$x_1$ is zero", "code and formulas: $x_1$ is missing"),
    ("30 步", "40 steps", "the number 30 stands in one of both"),
    ("二十步", "40 steps", "the number 40 stands in one of both"),
    ("粗体", "**bold**", "markup: ** is missing"),
    ("损失,函数", "the loss", "a half-width mark beside Chinese"),
    ("用PyTorch", "with PyTorch", "no space between Chinese and Latin"),
    ("用`w`", "with `w`", "no space between Chinese and Latin"),
    ("损 失", "loss", "a space between Chinese letters"),
    ("损失， 函数", "the loss", "a space beside a full-width mark"),
    ('“一” 与 "二"', "“one” and “two”", "a straight quotation mark"),
    ("坡度下降", "Gradient descents, gradients too", "gradient descent is 梯度下降"),
]
TERMS = {"gradient descent": ("梯度下降", "下降法"), "gradient": ("梯度",), "step": ("步",)}


@pytest.mark.parametrize(("translation", "message", "fault"), FAULTS)
def test_a_faulty_translation_is_told(translation: str, message: str, fault: str) -> None:
    told = list(checks.faults(message, translation, TERMS))
    assert any(fault in one for one in told), told


@pytest.mark.parametrize(
    ("translation", "message"),
    [
        ("[损失]<2>一页用 <1> 步讲 `w` 的**梯度**。", "<1> steps of [The loss]<2>, a **gradient** of `w`."),
        ("$a = \\text{噪声}$ 的均值", "the mean of $a = \\text{noise}$"),
        ("第 2 步", "the second step"),  # one digit may be a word
        ("写作 `<!--= n -->40<!--/-->`", "written `<!--= n -->40<!--/-->`"),
        ("[`step`][linreg.step]，见 *The steps*", "[`step`][linreg.step], see *The steps*"),  # names stay
        ("下降法", "Gradient descent"),  # whose gradient is no term of its own
    ],
)
def test_a_sound_translation_has_no_fault(translation: str, message: str) -> None:
    assert list(checks.faults(message, translation, TERMS)) == []


# Editions


def edition(tmp_path: Path, translation: str) -> Edition:
    page = tmp_path / "a.md"
    page.write_text("# All\n\nIn <!--= n -->40<!--/--> steps.\n\nNew.\n\n```pycon\n>>> n = 40\n\n```\n")
    folder = tmp_path / "docs/zh"
    update(folder / "site.po", "All", All="全")
    update(folder / "a.po", "In <1> steps.", "New.", In=translation)
    return Edition(folder)


def test_what_is_not_translated_is_english_and_counted(tmp_path: Path) -> None:
    chinese = edition(tmp_path, "用 <1> 步。")
    page = chinese.page("a.md", parse(tmp_path / "a.md"))
    assert page.blocks[0].source == "# 全 {#all}\n\n用 <!--= n -->40<!--/--> 步。\n\nNew.\n"
    assert chinese.count == {"a.md": (2, 3)}
    english = parse(tmp_path / "a.md")
    assert Edition(None).page("a.md", english) is english


@pytest.mark.parametrize(
    "lie", ["用 41 步。", "用 <2> 步。", "用 <1> 步 <1>。", "用 <!--= n -->41<!--/--> 步。"]
)
def test_a_false_claim_in_chinese_stops_the_build(tmp_path: Path, lie: str) -> None:
    with pytest.raises(PluginError, match=r"a\.md: "):
        edition(tmp_path, lie).page("a.md", parse(tmp_path / "a.md"))


# Terms and words


def test_a_term_may_have_forms_and_none_is_made_up(tmp_path: Path) -> None:
    (tmp_path / "docs/zh").mkdir(parents=True)
    (tmp_path / "docs/en/reference").mkdir(parents=True)
    entries = ('Loss <span lang="zh-Hans">损失函数</span>', 'Step <span lang="zh-Hans">更新步</span>')
    (tmp_path / "docs/en/reference/glossary.md").write_text("\n:   It.\n\n".join(entries))
    forms = tmp_path / "docs/zh/terms.txt"
    forms.write_text("# forms\nloss: 损失, 误差\nstep: *\n")
    assert terms.terms(tmp_path) == {"loss": ("损失函数", "损失", "误差")}
    forms.write_text("los: 损失\n")
    with pytest.raises(ValueError, match="that the glossary lacks: los"):
        terms.terms(tmp_path)


def test_a_term_is_a_word_of_its_own_wherever_it_stands() -> None:
    part = search.parted(["学习率", "Huber 损失"])
    alone = part("学习率").split(search.PARTING)
    whole = part("若学习率大一些 loss").split(search.PARTING)
    assert "".join(whole) == "若学习率大一些 loss"
    assert "".join(alone) == "学习率"
    assert set(alone) <= set(whole)


def test_a_term_in_a_term_is_found_in_it() -> None:
    part = search.parted(["最小二乘法", "最小二乘", "梯度", "随机梯度下降"])
    for inner, outer in (("最小二乘", "最小二乘法"), ("梯度", "随机梯度下降")):
        assert set(part(inner).split(search.PARTING)) <= set(part(outer).split(search.PARTING)), outer
