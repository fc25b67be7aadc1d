"""The engine of the site: reads pages, runs them, proves what they say, renders and publishes them."""
