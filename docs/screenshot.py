"""Take the README's picture, the home page in light and dark, from the site that `make build` wrote."""

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread

from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parent
WIDTH, HEIGHT = 1280, 768  # of the window, scaled down to half the picture
HALF = (600, 600 * HEIGHT // WIDTH)


server = ThreadingHTTPServer(
    ("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(DOCS.parent / "site"))
)
Thread(target=server.serve_forever, daemon=True).start()
picture = Image.new("RGB", (2 * HALF[0], HALF[1]))
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
    for side in (0, 1):
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT},
            color_scheme="dark" if side else "light",
            device_scale_factor=2,
        )
        page.goto(f"http://127.0.0.1:{server.server_port}/", wait_until="networkidle")
        shot = Image.open(BytesIO(page.screenshot())).convert("RGB")
        picture.paste(shot.resize(HALF, Image.Resampling.LANCZOS), (side * HALF[0], 0))
picture.save(DOCS / "screenshot.png", optimize=True)
