"""Settings of the kernels that execute the pages."""

c = get_config()  # type: ignore[name-defined]  # noqa: F821
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {
    "bbox_inches": "tight",
    "pad_inches": 0.02,
    "metadata": {"Date": None},  # equal figures, equal bytes
}
c.InteractiveShellApp.ignore_cwd = True  # import `linreg` from the wheel, not from the folder
c.IPKernelApp.log_level = 40  # no warning about the kernel's TCP port on the terminal
