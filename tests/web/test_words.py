"""What the server refuses, told in Persian: at sign-in, in dialogs, in toasts, and in the queue of uploads."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from .conftest import PASSWORD, Site
from .persons import sign_in

ENGLISH = re.compile("[A-Za-z]{3,}")
ISOLATES = str.maketrans("", "", "\u2068\u2069")


def says(where: Locator, text: str, *, besides: str = "") -> None:
    """It says so, and nothing in English but what is named."""
    isolated = r"[\u2068\u2069]*"
    expect(where).to_contain_text(re.compile(isolated.join(re.escape(char) for char in text)))
    heard = where.inner_text().translate(ISOLATES)
    for name in filter(None, besides.split(" ")):
        heard = heard.replace(name, "")
    assert not ENGLISH.search(heard), heard


def new_folder(page: Page, name: str) -> Locator:
    """The dialog, filled in."""
    page.get_by_role("button", name="پوشهٔ تازه", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("نام پوشه").fill(name)
    return dialog


def upload(page: Page, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="بارگذاری فایل", exact=True).first.click()
    chooser.value.set_files([str(file)])


def test_refusals_are_told_in_persian(site: Site, visit: Any, tmp_path: Path) -> None:
    site.ask("POST", "/admin/accounts", {"name": "sara", "password": PASSWORD, "quota": 500})
    site.make_folder("/Team")
    site.put("/Team/گزارش", b"a file")
    site.ask("PUT", "/grants", {"path": "/Team", "to": "sara", "rights": "editor"})
    visitor = visit(language="fa")
    page = visitor.page
    page.goto("/")
    page.locator("input").nth(0).fill("sara")
    page.locator("input").nth(1).fill("not the password")
    page.locator("button[type=submit]").click()
    says(page.get_by_role("alert"), "نام یا گذرواژه نادرست است.")
    sign_in(visitor, "sara")

    page.goto("/files/Shared/ada/Team")
    dialog = new_folder(page, "گزارش")
    dialog.get_by_role("button", name="ساختن").click()
    says(dialog.get_by_role("alert"), "از پیش آنجاست", besides="Shared ada Team")
    dialog.get_by_label("نام پوشه").fill("a.")
    dialog.get_by_role("button", name="ساختن").click()
    says(dialog.get_by_role("alert"), "نام نمی‌تواند با نقطه")
    visitor.look("words-name-refused")
    dialog.get_by_label("نام پوشه").fill("late")
    site.ask("PUT", "/grants", {"path": "/Team", "to": "sara", "rights": "viewer"})
    dialog.get_by_role("button", name="ساختن").click()
    says(dialog.get_by_role("alert"), "اجازهٔ این کار را با", besides="Shared ada Team late")

    page.goto("/")
    expect(page.get_by_role("row", name="هم‌رسانی‌شده با من")).to_be_visible()
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(2000))
    upload(page, large)
    says(page.locator(".dock [role=listitem] .problem"), "فضای sara پر است", besides="sara")
    visitor.look("words-quota")


def test_maintenance_and_the_last_administrator_in_persian(site: Site, visit: Any, tmp_path: Path) -> None:
    site.make_folder("/Reports")
    visitor = visit(language="fa", width=390)
    page = visitor.sign_in()
    site.ask("PATCH", "/limits", {"maintenance": True, "text": "تا ساعت ۹ برمی‌گردیم"})
    small = tmp_path / "small.txt"
    small.write_bytes(b"small")
    upload(page, small)
    says(
        page.locator(".dock [role=alert]"),
        "سرور در حالت نگهداری است و انتقال تازه‌ای آغاز نمی‌کند: «تا ساعت ۹ برمی‌گردیم»",
    )
    visitor.look("words-maintenance")
    site.ask("PATCH", "/limits", {"maintenance": False})
    page.goto("/admin/accounts")
    page.get_by_role("button", name=re.compile("کارهای ممکن با")).click()
    page.get_by_role("menuitem", name="ویرایش").click()
    page.get_by_role("dialog").get_by_label("نقش").select_option("user")
    page.get_by_role("dialog").get_by_role("button", name="ذخیره").click()
    says(page.get_by_role("dialog").get_by_role("alert"), "ada آخرین مدیر است.", besides="ada")
    visitor.look("words-last-administrator")


def test_who_was_invited_chooses_a_password_in_persian(site: Site, visit: Any) -> None:
    site.ask("POST", "/admin/accounts", {"name": "sara", "password": PASSWORD})
    code = site.ask("POST", "/admin/accounts/sara/reset", {})["code"]
    visitor = visit(language="fa", width=390)
    page = visitor.page
    page.goto(f"/reset/{code}")
    first, again = page.locator("input[type=password]").all()
    fault = page.get_by_role("alert")
    for password, other, told in (("short", "short", "ساده یا کوتاه"), ("one thing", "another", "این دو یکی نیستند")):
        first.fill(password)
        again.fill(other)
        page.get_by_role("button", name="ثبت گذرواژه").click()
        says(fault, told)
    visitor.look("words-reset")
    first.fill("five plain words and more")
    again.fill("five plain words and more")
    page.get_by_role("button", name="ثبت گذرواژه").click()
    says(page.locator("header"), "گذرواژهٔ شما ثبت شد")
    page.goto(f"/reset/{code}")
    says(page.locator("header"), "از مدیر سرور پیوند تازه‌ای بخواهید")
