"""Run the code of pages, and keep what it prints and draws."""
