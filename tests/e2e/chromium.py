"""A real Chromium for the tests of the live page (Debian's chromium, chromium-driver and
python3-selenium).  Run by Debian's own python3: selenium is in its packages."""
import base64
import contextlib
import os
import pathlib
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common import utils

PATIENCE = 60      # seconds for what must happen at all


class Driver(Service):
    """The driver, asked by address: a bare machine has no /etc/hosts."""

    @property
    def service_url(self):
        return 'http://127.0.0.1:%d' % self.port

    def is_connectable(self):
        return utils.is_connectable(self.port, '127.0.0.1')


def options(folder, scheme):
    o = Options()
    o.binary_location = '/usr/bin/chromium'
    for argument in ('--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic',
                     '--no-first-run', '--disable-background-networking',
                     '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
                     '--remote-debugging-pipe', '--hide-scrollbars', '--lang=en-US',
                     '--user-data-dir=%s' % folder):
        o.add_argument(argument)
    if scheme == 'dark':
        o.add_argument('--force-dark-mode')
    o.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    return o


@contextlib.contextmanager
def browser(scheme='light', size=(1240, 900), scale=1):
    """A browser that is gone afterwards.  It never goes through a proxy."""
    for name in ('http_proxy', 'https_proxy', 'all_proxy'):
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)
    with tempfile.TemporaryDirectory(prefix='shaken-chromium-', ignore_cleanup_errors=True) as folder:
        service = Driver('/usr/bin/chromedriver', log_path=str(pathlib.Path(folder) / 'driver.log'))
        driver = webdriver.Chrome(service=service, options=options(folder, scheme))
        try:
            driver.set_page_load_timeout(PATIENCE)
            driver.set_script_timeout(PATIENCE)
            look(driver, scheme, size, scale)
            yield driver
        finally:
            driver.quit()


def look(driver, scheme, size, scale=1):
    """Another scheme and size, in place."""
    driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {
        'features': [{'name': 'prefers-color-scheme', 'value': scheme}]})
    driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
        'width': size[0], 'height': size[1], 'deviceScaleFactor': scale, 'mobile': size[0] < 600})


def picture(driver, path):
    """The whole page as PNG."""
    got = driver.execute_cdp_cmd('Page.captureScreenshot', {'captureBeyondViewport': True})
    pathlib.Path(path).write_bytes(base64.b64decode(got['data']))
