"""One's own account: password, second factor, sessions, devices, tokens."""

import base64
import json
import re
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Page, expect

from .conftest import PASSWORD, Site
from .persons import Program, add, sign_in

NEW = "quite another lot of words"


def code(secret: str, ahead: int = 0) -> str:
    """What an authenticator app shows; `ahead` steps of time later, for each code works once."""
    padded = secret + "=" * (-len(secret) % 8)
    made = TOTP(base64.b32decode(padded), 6, SHA1(), 30)  # noqa: S303 - what apps use
    return made.generate(int(time.time()) + 30 * ahead).decode()


def set_up(page: Page) -> tuple[str, list[str]]:
    """Switch the second factor on at its page; the secret and the recovery codes."""
    page.goto("/account/security")
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    page.get_by_label("Password", exact=True).fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not your password.")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    secret = page.locator(".key code").inner_text().replace(" ", "")
    page.get_by_label("Code", exact=True).fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("That code is wrong")
    page.get_by_label("Code", exact=True).fill(code(secret))
    page.keyboard.press("Enter")
    expect(page.locator(".sheet code")).to_have_count(10)
    return secret, page.locator(".sheet code").all_inner_texts()


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_page_of_the_account_looks_right(site: Site, visit: Any, language: str, theme: str, width: int) -> None:
    visitor = visit(language=language, theme=theme, width=width)
    site.names("/")
    Program(site, "ada")
    for name in ("nightly backup", "a scanner with a long name that needs more than one line"):
        wanted = {"name": name, "scopes": ["files:read", "files:write"], "path": "/backups", "password": PASSWORD}
        site.ask("POST", "/tokens", wanted)
    page = visitor.sign_in()
    page.goto("/account/profile")
    expect(page.locator("meter")).to_be_visible()
    page.locator("form button[type=submit]").click()
    visitor.look("account-profile")
    for part, rows in (("sessions", 3), ("tokens", 2), ("devices", 0), ("preferences", 0)):
        page.locator(f'a[href="/account/{part}"]').click()
        expect(page.locator("tbody tr")).to_have_count(rows)
        expect(page.locator("section h2").first).to_be_visible()
        visitor.look(f"account-{part}")
        if part in {"tokens", "devices"}:
            page.locator("section header button").click()
            expect(page.get_by_role("dialog")).to_be_visible()
            visitor.look(f"account-{part}-new")
            page.keyboard.press("Escape")
    page.locator('a[href="/account/security"]').click()
    page.locator("section button").click()
    page.locator("section input").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("img")).to_be_visible()
    visitor.look("account-totp")
    page.locator("section input").fill(code(page.locator(".key code").inner_text().replace(" ", "")))
    page.keyboard.press("Enter")
    expect(page.locator(".sheet code")).to_have_count(10)
    visitor.look("account-recovery")
    page.locator("button.main").click()
    visitor.look("account-security")


def test_a_second_factor_is_set_up_used_and_switched_off(site: Site, visit: Any, tmp_path: Path) -> None:
    add(site, "sara")
    visitor = visit()
    page = sign_in(visitor, "sara")
    secret, codes = set_up(page)
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Save").click()
    fetched.value.save_as(tmp_path / "codes")
    assert all(each in (tmp_path / "codes").read_text() for each in codes)
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("It is on.")).to_be_visible()
    expect(page.get_by_text(re.compile("10.? recovery codes are left"))).to_be_visible()

    def leave() -> None:
        page.get_by_title("Account").click()
        page.get_by_role("button", name="Sign out").click()
        page.locator("input").nth(0).fill("sara")
        page.locator("input").nth(1).fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_label("Code", exact=True)).to_be_focused()

    leave()
    page.get_by_label("Code", exact=True).fill(code(secret, 1))
    page.keyboard.press("Enter")
    page.locator("#content").wait_for()
    leave()
    page.get_by_label("Code", exact=True).fill(codes[0])
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("9.? recovery codes are left"))).to_be_visible()
    page.get_by_role("button", name="New recovery codes").click()
    page.get_by_label("Code", exact=True).fill(codes[0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_text("That code is wrong")).to_be_visible()
    page.get_by_label("Code", exact=True).fill(codes[1])
    page.keyboard.press("Enter")
    expect(page.locator(".sheet code")).to_have_count(10)
    renewed = page.locator(".sheet code").all_inner_texts()
    assert not set(renewed) & set(codes)
    page.get_by_role("button", name="I have kept them").click()
    page.get_by_role("button", name="Switch off").click()
    page.get_by_label("Code", exact=True).fill(renewed[0])
    page.keyboard.press("Enter")
    expect(page.get_by_text("It is off.")).to_be_visible()


def test_the_password_changes_in_the_words_of_the_server_and_ends_the_other_sessions(site: Site, visit: Any) -> None:
    add(site, "sara")
    visitor = visit()
    page = sign_in(visitor, "sara")
    Program(site, "sara")
    page.get_by_title("Account").click()
    page.get_by_role("link", name="My account").click()
    old, new = page.get_by_label("Current password"), page.get_by_label("New password")
    change = page.get_by_role("button", name="Change password")
    old.fill("not the password")
    new.fill(NEW)
    change.click()
    expect(page.get_by_role("alert")).to_have_text("That is not your password.")
    old.fill(PASSWORD)
    new.fill("short")
    change.click()
    expect(page.get_by_role("alert")).to_contain_text("10")
    new.fill(NEW)
    change.click()
    expect(page.get_by_text("one other session ended")).to_be_visible()
    expect(old).to_have_value("")
    page.reload()
    expect(change).to_be_visible()


def test_sessions_are_ended_from_elsewhere_and_this_one_too(site: Site, visit: Any) -> None:
    add(site, "sara")
    here, there = visit(), visit()
    page, other = sign_in(here, "sara"), sign_in(there, "sara")
    program = Program(site, "sara")
    page.goto("/account/sessions")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("this one")
    expect(rows.nth(0)).to_contain_text("Chrome")
    rows.filter(has_text="Python-urllib").get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="End", exact=True).click()
    expect(rows).to_have_count(2)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        program.ask("GET", "/usage")
    page.get_by_role("button", name="End all others").click()
    page.get_by_role("dialog").get_by_role("button", name="End", exact=True).click()
    expect(rows).to_have_count(1)
    expect(other.locator(".told")).to_be_visible()
    rows.get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="End", exact=True).click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_token_is_made_used_and_revoked(site: Site, visit: Any) -> None:
    add(site, "sara")
    visitor = visit()
    page = sign_in(visitor, "sara")
    Program(site, "sara").ask("PUT", "/folders/backups")
    page.goto("/account/tokens")
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog")
    make = dialog.get_by_role("button", name="New token")
    make.click()
    expect(dialog.get_by_text("Enter a name.")).to_be_visible()
    expect(dialog.get_by_text("operate the server")).to_have_count(0)
    dialog.get_by_label("Name").fill("nightly <b>backup</b>")
    dialog.get_by_label("write files").check()
    dialog.get_by_label("In the folder").fill("/backups")
    dialog.get_by_label("Password", exact=True).fill("not the password")
    make.click()
    expect(dialog.get_by_role("alert")).to_have_text("That is not your password.")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    make.click()
    expect(dialog).to_have_count(0)
    program = Program(site, token=page.locator("code:has(+ button)").inner_text())
    assert program.ask("GET", "/folders/backups")["entries"] == []
    with pytest.raises(urllib.error.HTTPError, match="404"):
        program.ask("GET", "/folders/")
    row = page.locator("tbody tr")
    expect(row).to_contain_text("nightly <b>backup</b>")
    expect(row).to_contain_text(re.compile("read files, write files"))
    page.reload()
    expect(row).to_have_count(1)
    expect(page.locator(".secret")).to_have_count(0)
    row.get_by_role("button").click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)
    expect(page.locator("#content")).to_be_focused()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        program.ask("GET", "/folders/backups")


def enrolled(site: Site, tmp_path: Path, enrolment: str) -> Path:
    """A device with a key of its own, certified for whoever has shown that code: the file with both."""
    key = ec.generate_private_key(ec.SECP256R1())
    wanted = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, SHA256())
    request = wanted.public_bytes(Encoding.PEM).decode()
    made = Program(site).ask("POST", "/devices", {"request": request, "name": "the scanner", "code": enrolment})
    path = tmp_path / "device.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    path.write_text(made["certificate"] + secret)
    return path


def whoami(site: Site, certificate: Path) -> Any:
    """What the server says to a device that shows nothing but its certificate; the code of its refusal."""
    context = ssl.create_default_context(cafile=str(site.server.cafile))
    context.load_cert_chain(certificate)
    try:
        with urllib.request.urlopen(f"{site.url}/api/v1/sessions/current", context=context) as answer:
            return json.loads(answer.read())["account"]["name"]
    except urllib.error.HTTPError as error:
        with error:
            return json.loads(error.read())["code"]


def test_a_device_is_enrolled_by_a_code_and_once_revoked_nobody_any_more(
    site: Site, visit: Any, tmp_path: Path
) -> None:
    add(site, "sara")
    page = sign_in(visit(), "sara")
    page.goto("/account/devices")
    page.get_by_role("button", name="Add a device").click()
    certificate = enrolled(site, tmp_path, page.get_by_role("dialog").locator("code").last.inner_text())
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    row = page.locator("tbody tr")
    expect(row).to_contain_text("the scanner")
    assert whoami(site, certificate) == "sara"
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(row).to_contain_text("Revoked")
    expect(row.get_by_role("button", name="Revoke")).to_have_count(0)
    assert whoami(site, certificate) == "client_certificate"


def test_an_operator_takes_a_lost_second_factor_away(site: Site, visit: Any) -> None:
    add(site, "sara")
    sara = visit()
    page = sign_in(sara, "sara")
    set_up(page)
    page.get_by_role("button", name="I have kept them").click()
    page.get_by_title("Account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

    operator = visit().sign_in()
    operator.goto("/admin/accounts")
    row = operator.get_by_role("row").filter(has_text="sara")
    expect(row).to_contain_text("On")
    row.get_by_role("button", name="What can be done with").click()
    operator.get_by_role("menuitem", name="Remove second factor").click()
    dialog = operator.get_by_role("dialog")
    expect(dialog).to_contain_text("the password alone is enough")
    dialog.get_by_role("button", name="Remove second factor").click()
    expect(dialog).to_have_count(0)
    row.get_by_role("button", name="What can be done with").click()
    expect(operator.get_by_role("menuitem", name="Remove second factor")).to_be_disabled()

    sign_in(sara, "sara")  # without a code
    page.goto("/account/security")
    expect(page.get_by_text("It is off.")).to_be_visible()


def test_language_theme_and_notifications_take_effect_at_once(site: Site, visit: Any) -> None:
    site.names("/")
    page = visit(theme="dark").sign_in()
    page.goto("/account/preferences")
    content = page.locator("#content")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    content.get_by_label("Theme").select_option("light")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    content.get_by_label("Theme").select_option("system")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    content.get_by_label("Language").select_option("fa")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
