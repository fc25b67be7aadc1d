"""More rows than memory holds, from files and across machines."""
