"""Conversations: an account and an operator, each in a browser of their own."""

import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Site
from .persons import Program, add, sign_in

HOSTILE = "<img src=x onerror=alert(1)> **bold** [x](javascript:alert(1))"
PERSIAN = "سلام، گزارش رسید. ممنون!"


def say(page: Page, text: str) -> None:
    page.locator("textarea").fill(text)
    page.keyboard.press("Enter")


def line(page: Page, text: str) -> Any:
    return page.locator("li[data-sequence]").filter(has_text=text)


def tell(program: Program, chat: int, text: str) -> None:
    program.ask("POST", f"/chats/{chat}/messages", {"id": str(uuid.uuid4()), "text": text})


def inbox(site: Site, name: str) -> int:
    """The operators' conversation with somebody, as the administrator opens it."""
    number: int = site.ask("POST", "/chats", {"to": name})["id"]
    return number


def from_operator(site: Site, chat: int, text: str) -> None:
    site.ask("POST", f"/chats/{chat}/messages", {"id": str(uuid.uuid4()), "text": text})


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_conversations_look_right(site: Site, visit: Any, language: str, theme: str, width: int) -> None:
    for name in ("sara", "omid"):
        add(site, name)
    sara = Program(site, "sara")
    number = inbox(site, "sara")
    tell(sara, number, HOSTILE)
    tell(sara, number, PERSIAN)
    from_operator(
        site, number, "Thank you. It is under :/reports now, and it will stay there until the end of the month."
    )
    tell(Program(site, "omid"), inbox(site, "omid"), "Could I have more room?")
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    expect(page.locator(".chat .dot")).to_be_visible()
    page.locator("button.chat").click()
    expect(page.locator("#chat-panel li button")).to_have_count(2)
    visitor.look("chat-panel-list")
    page.locator("#chat-panel li button").filter(has_text="sara").click()
    expect(line(page, PERSIAN)).to_be_visible()
    visitor.look("chat-panel")
    page.goto("/chat")
    expect(page.locator("li button")).to_have_count(2)
    visitor.look("chat-list")
    page.locator("li button").filter(has_text="sara").click()
    expect(line(page, HOSTILE)).to_be_visible()
    tell(
        sara, number, "And one more, rather longer than the others, so that it takes several lines on any screen. " * 3
    )
    expect(line(page, "rather longer")).to_be_visible()
    visitor.look("chat-talk")
    page.locator("textarea").fill("x" * 4010)
    visitor.look("chat-too-long")
    page.locator("textarea").fill("")
    page.goto("/chat")
    page.locator("input[type=search]").fill("room")
    expect(page.locator("li button")).to_have_count(1)
    visitor.look("chat-search")
    page.locator(".head button").last.click()
    visitor.look("chat-begin")


def test_chat_goes_both_ways_and_shows_how_far_it_has_come(site: Site, visit: Any) -> None:
    """Attack 36, markup and script in a message: it is text."""
    add(site, "sara")
    ada, sara = visit(), visit()
    operator, page = ada.sign_in(), sign_in(sara, "sara")
    page.goto("/chat")
    page.get_by_role("button", name="New conversation").last.click()
    page.get_by_role("dialog").get_by_role("button", name="Write").click()
    expect(page.get_by_role("heading", name="Operators")).to_be_visible()
    say(page, HOSTILE)
    expect(line(page, HOSTILE).get_by_text("sent", exact=True)).to_be_attached()
    badge = operator.get_by_role("navigation").locator(".badge")
    expect(badge).to_contain_text("1")
    operator.get_by_role("link", name="Chat").click()
    operator.locator("li button").filter(has_text="sara").click()
    expect(line(operator, HOSTILE)).to_be_visible()
    expect(operator.locator("img[src=x]")).to_have_count(0)
    expect(line(page, HOSTILE).get_by_text("read", exact=True)).to_be_attached()
    expect(badge).to_have_count(0)
    operator.locator("textarea").fill("first line")
    operator.keyboard.press("Shift+Enter")
    operator.keyboard.type("second line")
    operator.keyboard.press("Enter")
    expect(line(page, "second line")).to_contain_text("first line")
    expect(line(page, "second line").locator("xpath=preceding-sibling::li[1]")).to_have_count(1)
    page.reload()
    expect(line(page, HOSTILE)).to_be_visible()
    expect(line(page, "second line")).to_have_count(1)
    expect(line(operator, "second line").get_by_text("read", exact=True)).to_be_attached()


def test_a_path_is_a_link_only_for_whoever_may_read_it(site: Site, visit: Any) -> None:
    add(site, "sara")
    site.make_folder("/photos")
    site.put("/photos/a b.txt", b"hello")
    site.ask("PUT", "/grants", {"path": "/photos", "to": "sara", "rights": "viewer"})
    number = site.ask("POST", "/chats", {"to": "sara"})["id"]
    from_operator(site, number, 'see :/photos and ":/photos/a b.txt" but not :/secret')
    page = sign_in(visit(), "sara")
    page.goto("/chat")
    page.locator("li button").first.click()
    links = line(page, "see").get_by_role("link")
    expect(links).to_have_count(2)
    expect(links.nth(0)).to_have_attribute("href", "/files/Shared/ada/photos")
    expect(links.nth(1)).to_have_attribute("href", "/files/Shared/ada/photos?view=a+b.txt")
    links.nth(0).click()
    expect(page.get_by_role("button", name="a b.txt", exact=True)).to_be_visible()


def test_what_is_written_without_a_connection_is_sent_once_it_is_back_and_once_only(site: Site, visit: Any) -> None:
    add(site, "sara")
    number = inbox(site, "sara")
    visitor = visit()
    page = sign_in(visitor, "sara")
    page.goto("/chat?operators")
    expect(page.locator("textarea")).to_be_visible()
    visitor.context.set_offline(True)
    for text in ("one", "two"):
        say(page, text)
    expect(page.get_by_text("The connection is gone")).to_be_visible()
    visitor.look("chat-offline")
    from_operator(site, number, "while you were away")
    visitor.context.set_offline(False)
    for text in ("one", "two", "while you were away"):
        expect(line(page, text)).to_have_count(1)
    expect(page.locator("li .clock")).to_have_count(0)
    visitor.context.set_offline(True)
    say(page, "three")
    expect(page.locator("li .clock")).to_have_count(1)
    page.get_by_role("link", name="Files").click()
    visitor.context.set_offline(False)
    page.get_by_role("link", name="Chat").click()
    page.locator("li button").first.click()
    expect(line(page, "three")).to_have_count(1)
    expect(page.locator("li .clock")).to_have_count(0)
    texts = [each["text"] for each in site.ask("GET", f"/chats/{number}/messages")["messages"]]
    assert sorted(texts) == ["one", "three", "two", "while you were away"]
    visitor.complaints.clear()  # requests that found no network


def test_what_waits_outlasts_a_reload(site: Site, visit: Any) -> None:
    add(site, "sara")
    number = inbox(site, "sara")
    visitor = visit()
    page = sign_in(visitor, "sara")
    page.goto("/chat?operators")
    expect(page.locator("textarea")).to_be_visible()
    page.route("**/messages", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    say(page, "before the reload")
    expect(page.get_by_text("The connection is gone")).to_be_visible()
    page.unroute_all()
    page.goto("/account/profile")
    expect(page.locator("meter")).to_be_visible()
    page.goto("/chat?operators")
    expect(line(page, "before the reload")).to_have_count(1)
    found = site.ask("GET", f"/chats/{number}/messages")["messages"]
    assert [each["text"] for each in found] == ["before the reload"]
    visitor.complaints.clear()  # requests that found no network


def test_history_comes_in_pages_and_what_is_new_is_marked(site: Site, visit: Any) -> None:
    add(site, "sara")
    number = inbox(site, "sara")
    sara = Program(site, "sara")
    for index in range(30):
        text = f"message {index:03}" + "\nand another line" * 4
        if index < 15:
            from_operator(site, number, text)
        else:
            tell(sara, number, text)
    page = visit().sign_in()
    page.goto(f"/chat?id={number}")
    expect(page.locator("li.new")).to_have_count(1)
    expect(line(page, "message 015")).to_be_visible()
    page.get_by_role("button", name="new messages").click()
    expect(line(page, "message 029")).to_be_in_viewport()
    expect(page.locator("textarea")).to_be_focused()
    expect(page.get_by_role("button", name="To the newest")).to_have_count(0)


def test_a_search_leads_to_the_message_and_back_to_the_newest(site: Site, visit: Any) -> None:
    site.names("/")
    add(site, "sara")
    number = inbox(site, "sara")
    for index in range(18):
        from_operator(site, number, f"needle {index:03}" + "\nhay" * 12)
    page = visit().sign_in()
    page.goto("/chat")
    page.get_by_label("Search in messages").fill("needle 002")
    page.locator("li button").filter(has_text="needle 002").click()
    expect(line(page, "needle 002")).to_be_in_viewport()
    page.get_by_role("button", name="To the newest").click()
    expect(line(page, "needle 017")).to_be_in_viewport()


def test_an_operator_writes_to_whoever_is_here_and_the_panel_stays_over_other_rooms(site: Site, visit: Any) -> None:
    add(site, "sara")
    visitor, other = visit(), visit()
    page, sara = visitor.sign_in(), sign_in(other, "sara")
    page.get_by_role("button", name="Chat", exact=True).click()
    page.get_by_role("complementary").get_by_role("button", name="New conversation").first.click()
    page.get_by_label("Somebody who is here").first.check()
    page.get_by_role("dialog").get_by_text("sara").click()
    page.get_by_role("dialog").get_by_role("button", name="Write").click()
    say(page, "hello there")
    expect(line(page, "hello there")).to_be_visible()
    expect(page.get_by_role("button", name="New folder")).to_be_visible()
    unread = sara.get_by_role("button", name="Chat, one message is unread")
    unread.click()
    sara.get_by_role("complementary").locator("li button").click()
    expect(line(sara, "hello there")).to_be_visible()
    say(sara, "hello back")
    expect(line(page, "hello back")).to_be_visible()
    sara.keyboard.press("Escape")
    expect(sara.get_by_role("complementary")).to_have_count(0)
    expect(sara.get_by_role("button", name="Chat", exact=True)).to_be_focused()


def test_whoever_writes_too_fast_is_told_kindly_and_nothing_is_lost(site: Site, visit: Any) -> None:
    add(site, "sara")
    number = inbox(site, "sara")
    visitor = visit()
    page = sign_in(visitor, "sara")
    page.goto("/chat?operators")
    expect(page.locator("textarea")).to_be_visible()
    for index in range(22):
        say(page, f"quick {index:02}")
    expect(page.get_by_text("That was fast")).to_be_visible()
    visitor.look("chat-too-fast")
    expect(line(page, "quick 21")).to_have_count(1)
    expect(page.get_by_text("That was fast")).to_have_count(0)
    found = site.ask("GET", f"/chats/{number}/messages?limit=100")["messages"]
    assert [each["text"] for each in reversed(found)] == [f"quick {index:02}" for index in range(22)]


def test_what_is_half_written_is_there_after_a_new_sign_in_and_gone_after_a_sign_out(site: Site, visit: Any) -> None:
    add(site, "sara")
    visitor = visit()
    page = sign_in(visitor, "sara")
    page.goto("/chat?operators")
    page.locator("textarea").fill("half a thought")
    Program(site, "sara").ask("DELETE", "/sessions")
    expect(page.get_by_text("is kept in this tab")).to_be_visible()
    sign_in(visitor, "sara")
    expect(page.locator("textarea")).to_have_value("half a thought")
    page.get_by_title("Account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    sign_in(visitor, "sara")
    expect(page.locator("textarea")).to_have_value("")


def test_an_operator_writes_to_the_visitor_of_a_link_who_answers_and_leaves(site: Site, visit: Any) -> None:
    site.make_folder("/photos")
    link = site.ask("POST", "/links", {"path": "/photos"})
    stranger = Program(site)
    guest = Program(site, token=stranger.ask("POST", "/links/open", {"secret": link["secret"], "name": "Zoe"})["token"])
    guest.ask("GET", "/folders/")
    page = visit().sign_in()
    page.goto("/chat")
    page.get_by_role("button", name="New conversation").first.click()
    page.get_by_label("Somebody who is here").first.check()
    page.get_by_role("dialog").get_by_text("Zoe").click()
    page.get_by_role("dialog").get_by_role("button", name="Write").click()
    say(page, "welcome")
    expect(line(page, "welcome")).to_be_visible()
    chat = guest.ask("GET", "/chats")["chats"][0]
    assert chat["latest"]["text"] == "welcome"
    tell(guest, chat["id"], "thank you")
    expect(line(page, "thank you")).to_be_visible()
    site.ask("DELETE", f"/links/{link['id']}")
    page.reload()
    expect(page.get_by_text("has left")).to_be_visible()
    expect(page.locator("textarea")).to_have_count(0)


def test_a_message_is_told_while_the_page_is_hidden_and_only_where_that_was_wished_for(site: Site, visit: Any) -> None:
    add(site, "sara")
    number = inbox(site, "sara")
    visitor = visit()
    visitor.page.add_init_script(
        """globalThis.told = [];
        globalThis.Notification = class { constructor(title) { told.push(title); } };
        Notification.permission = 'granted';"""
    )
    page = sign_in(visitor, "sara")
    page.goto("/account/preferences")
    expect(page.get_by_label("Notifications")).not_to_be_checked()
    hide = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => true})"
    page.evaluate(hide)
    badge = page.get_by_role("navigation").locator(".badge")
    from_operator(site, number, "not told")
    expect(badge).to_contain_text("1")
    assert page.evaluate("told") == []
    page.get_by_label("Notifications").check()
    from_operator(site, number, "told")
    expect(badge).to_contain_text("2")
    assert page.evaluate("told.map((each) => each.replace(/[^ -~]/g, ''))") == ["Message from ada"]
    expect(page).to_have_title(re.compile(r"^\(2\)"))
