"""The site in a real Chromium: on wide and narrow screens, light and dark, from a server and from files."""

import json

import pytest
from conf import version
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

PAGES = {
    "front": "index.html",
    "guide": "user-guide.html",
    "api": "api/pulp_events-bus.html",
    "command": "cli/pulp-admin-event-listener-http-create.html",
}
RESULTS = "return [...document.querySelectorAll('ul.search li a')].map((each) => each.href)"
SHOWN = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 30)"}


def until(browser, what):
    """The result of `what()`, once it is true."""
    return WebDriverWait(browser, 30, 0.05).until(lambda _: what())


@pytest.mark.parametrize("scheme", SHOWN)
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_fits_its_screen_and_has_the_colours_that_are_preferred(screen, address, page, width, scheme):
    browser = screen(width, scheme)
    browser.get(f"{address}/{version}/{page}")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script("return document.querySelector('article').getBoundingClientRect().right") <= width
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == SHOWN[scheme]


def test_whoever_chooses_dark_keeps_it(screen, address):
    browser = screen(1280, "light")
    browser.get(f"{address}/{version}/index.html")
    browser.find_element(By.CSS_SELECTOR, ".theme-switch-button").click()
    dark = browser.find_element(By.CSS_SELECTOR, ".theme-change-button[data-mode='dark']")
    until(browser, dark.is_displayed)
    dark.click()
    browser.get(f"{address}/{version}/user-guide.html")
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == SHOWN["dark"]
    browser.execute_script("localStorage.clear()")


@pytest.mark.parametrize("page", [*PAGES.values(), "search.html?q=backfill"])
def test_nothing_comes_from_another_host_and_nothing_is_missing(screen, address, page):
    browser = screen()
    for kind in ("performance", "browser"):
        browser.get_log(kind)  # what was before
    browser.get(f"{address}/{version}/{page}")
    until(browser, lambda: browser.execute_script("return document.readyState") == "complete")
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"}
    assert asked
    assert {url for url in asked if not url.startswith((f"{address}/", "data:"))} == set()
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.parametrize("from_files", [False, True], ids=["server", "files"])
@pytest.mark.parametrize(("words", "page"), [("backfill", "cli/pulp-admin-event-listener-backfill.html"),
                                             ("TransientFailure", "api/pulp_events-errors.html")])  # fmt: skip
def test_search_finds_commands_and_names(screen, address, site, from_files, words, page):
    browser = screen()
    root = site.as_uri() if from_files else address
    browser.get(f"{root}/{version}/search.html?q={words}")
    until(browser, lambda: any(page in link for link in browser.execute_script(RESULTS)))


def test_search_leads_to_the_pages_that_explain_an_option_not_to_each_command_that_has_it(screen, address):
    browser = screen()
    browser.get(f"{address}/{version}/search.html?q=--retry-schedule")
    found = until(browser, lambda: browser.execute_script(RESULTS))
    assert not any("#cmdoption" in link for link in found)
    browser.get(f"{address}/{version}/cli/pulp-admin-event-listener-http-create.html")
    assert browser.find_elements(By.CSS_SELECTOR, "[id$='-retry-schedule']"), "it can be linked to all the same"


def test_a_search_that_finds_nothing_says_what_to_do(screen, address):
    browser = screen()
    browser.get(f"{address}/{version}/search.html?q=qxzzy")
    status = browser.find_element(By.CSS_SELECTOR, "#search-results")
    until(browser, lambda: "No page has all of these words" in status.text)


@pytest.mark.parametrize("width", [360, 1280])
def test_a_heading_is_smaller_than_the_one_above_it(screen, address, width):
    browser = screen(width)
    browser.get(f"{address}/{version}/operations.html")
    sizes = [
        browser.execute_script(
            f"return parseFloat(getComputedStyle(document.querySelector('article {name}')).fontSize)"
        )
        for name in ("h1", "h2", "h3")
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def test_the_switcher_leads_to_the_same_page_of_another_version_and_that_names_the_newest(screen, address, old):
    browser = screen()
    browser.get(f"{address}/{version}/user-guide.html")
    switcher = Select(browser.find_element(By.CSS_SELECTOR, ".versions select"))
    until(browser, lambda: len(switcher.options) == 2)  # one in the page, two in versions.json
    switcher.select_by_value(old)
    until(browser, lambda: browser.current_url == f"{address}/{old}/user-guide.html")
    notice = until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".old-version"))[0]
    assert old in notice.text and version in notice.text
    notice.find_element(By.TAG_NAME, "a").click()
    until(browser, lambda: browser.current_url == f"{address}/{version}/index.html")
    assert browser.find_elements(By.CSS_SELECTOR, ".old-version") == []


def test_the_switcher_leads_to_the_front_page_where_the_other_version_lacks_the_page(screen, address, old):
    browser = screen()
    browser.get(f"{address}/{version}/api/index.html")
    switcher = Select(browser.find_element(By.CSS_SELECTOR, ".versions select"))
    until(browser, lambda: len(switcher.options) == 2)
    switcher.select_by_value(old)
    until(browser, lambda: browser.current_url == f"{address}/{old}/index.html")


def test_the_address_without_a_version_leads_to_the_newest(screen, address):
    browser = screen()
    browser.get(f"{address}/")
    until(browser, lambda: browser.current_url == f"{address}/{version}/index.html")
    doors = [one.text for one in browser.find_elements(By.CSS_SELECTOR, ".doors strong a")]
    assert doors == ["Administrator", "Author of an application", "Author of a notifier", "Pulp 3"]
