"""Hold the pages to what their code gives."""
