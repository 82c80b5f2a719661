"""USER, PASS, ACCT and REIN: who it is. Names, passwords, codes and certificates are weighed by the services."""

from contextlib import suppress

from ...errors import (
    NotFoundError,
    SecureFileTransferError,
    ServerFullError,
    SignInFailedError,
    SignInRequiredError,
    TooManyRequestsError,
    TotpRequiredError,
)
from ...model import Principal
from .replies import CLOSING, Refused, Reply, refusal
from .session import Session

FAILURES_MAX = 5
"""Wrong passwords on one connection; how many there may be in all is the guard's affair."""


def user(session: Session, argument: str) -> Reply:
    """The name. A device's certificate may be enough to go with it (RFC 4217, 10.1)."""
    if session.who is not None:
        raise Refused(503, "Somebody is signed in here already; REIN begins anew.")
    session.name, session.password, session.registering = argument, None, False
    if session.wire.certificate is not None and _by_certificate(session):
        return Reply(232, "Signed in by the certificate of this device.")
    return Reply(331, "Now the password: PASS.")


def _by_certificate(session: Session) -> bool:
    """Whether the certificate is that of this account, and signs in by itself."""
    if not session.services.credentials.alone:
        return False
    with suppress(SecureFileTransferError):
        who = session.services.credentials.principal(session.shown)
        if who.account is not None and who.account.name.casefold() == session.name.casefold():
            _here(session, who)
            return True
    return False


def password(session: Session, argument: str) -> Reply:
    """The password; the account may need a code besides."""
    if session.who is not None:
        return Reply(230, "Signed in already.")
    if not session.name:
        raise Refused(503, "First the name: USER.")
    return _register(session, argument) if session.registering else _sign_in(session, argument, None)


def register(session: Session, argument: str) -> Reply:
    """REGISTER name: the password of the new account comes next."""
    if session.who is not None:
        raise Refused(503, "Somebody is signed in here already; REIN begins anew.")
    if session.services.registration is None:
        raise Refused(502, "Accounts cannot be made over FTP on this server. Ask its operator.")
    session.name, session.password, session.registering = argument.strip(), None, True
    return Reply(331, "Now the password of the new account: PASS.")


def _register(session: Session, given: str) -> Reply:
    name, session.name, session.registering = session.name, "", False
    if session.services.registration is None:
        raise Refused(502, "Accounts cannot be made over FTP on this server. Ask its operator.")
    if session.services.registration.register(name, given, source=session.peer):
        return Reply(200, "The account is there. Sign in: USER and PASS.")
    return Reply(200, "The account is there. It can sign in once an operator has approved it.")


def account(session: Session, argument: str) -> Reply:
    """The code of the second factor, or the answer to a question of ours."""
    if session.asked is not None:
        asked, session.asked = session.asked, None
        return asked(argument)
    if session.password is None:
        return Reply(202, "No code is needed." if session.who else "First USER and PASS.")
    given, session.password = session.password, None
    return _sign_in(session, given, argument.replace(" ", ""))


def _sign_in(session: Session, given: str, code: str | None) -> Reply:
    try:
        if session.services.visit is not None:
            visit = session.services.visit(session.name, given, session.peer, session.agent)
            session.own, session.failures = True, 0
            _here(session, Principal(None, visit.session, visit.link))
            return Reply(230, f"Welcome, {visit.session.guest}.")
        signed = session.services.credentials.sign_in(session.name, given, session.shown, code)
    except TotpRequiredError:
        session.password = given
        return Reply(332, "Now the code of the second factor: ACCT.")
    except (TooManyRequestsError, ServerFullError) as error:
        return Reply(CLOSING, refusal(error).text)
    except (SignInFailedError, NotFoundError) as error:
        session.name = ""
        session.failures += 1
        return refusal(error)
    session.own, session.failures = True, 0
    _here(session, Principal(signed.account, signed.session))
    return Reply(230, f"Welcome, {signed.account.name}.")


def _here(session: Session, who: Principal) -> None:
    session.who = who
    if session.here is not None:
        session.here.signed(who, session.agent)


def sign_out(session: Session) -> None:
    """End the session that began here."""
    who, own = session.who, session.own
    session.forget()
    if who is not None and own:
        with suppress(SecureFileTransferError):
            session.services.sessions.sign_out(who)


def again(session: Session, _: str) -> Reply:
    """REIN: as if the connection were new, but for TLS."""
    sign_out(session)
    if session.here is not None:
        session.here.unsigned()
    return Reply(220, "Ready for another USER.")


def acknowledge(session: Session, argument: str) -> Reply:
    """SITE ACK: the warnings that stand were read; or with a number, that one."""
    control = session.services.control
    standing = [] if control is None else control.standing(session.principal)
    wanted = [each for each in standing if not argument.strip() or str(each.id) == argument.strip()]
    if not wanted or control is None:
        raise Refused(550, "There is no such warning." if argument.strip() else "No warning stands.")
    for each in wanted:
        control.acknowledge(session.principal, each.id)
    return Reply(200, "Acknowledged.")


def alive(session: Session) -> None:
    """Raises SignInRequiredError when the session has ended."""
    if session.who is None:
        raise SignInRequiredError
    session.services.sessions.check(session.who)
