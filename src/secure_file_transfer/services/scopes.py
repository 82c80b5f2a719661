"""What a token may be used for: the one table of scopes, and what is for no token at all.

A token never does more than its account may at that moment: scopes and its path only take away. What is not asked for
with a scope here is for people: tokens, passwords, second factors, devices and sessions of one's own. So a token that
leaks cannot make itself last, or become more than it is (attack 32).
"""

from collections.abc import Mapping

from secure_file_transfer.errors import ForbiddenError
from secure_file_transfer.model import ApiToken, Principal, Rights, Scope
from secure_file_transfer.paths import RemotePath

RIGHTS: Mapping[Scope, Rights] = {
    Scope.FILES_READ: Rights.READ,
    Scope.FILES_WRITE: Rights.CREATE | Rights.WRITE,
    Scope.FILES_DELETE: Rights.DELETE,
}
"""The rights on files that a scope leaves. `shares` is for grants, `admin` for what operators do."""


def rights_of(token: ApiToken) -> Rights:
    """The rights on files that a token can have at most."""
    found = Rights.NONE
    for scope in token.scopes:
        found |= RIGHTS.get(scope, Rights.NONE)
    return found


def reaches(token: ApiToken, path: RemotePath) -> bool:
    """Whether a path exists for a token: compared name by name, never as text (attack 4)."""
    return path.is_within(RemotePath.parse(token.path))


def require_scope(principal: Principal, scope: Scope | None) -> None:
    """Whoever comes with a token needs this scope; with None, it is for nobody who comes with a token.

    Raises:
        ForbiddenError
    """
    token = principal.token
    if token is None or scope in token.scopes:
        return
    if scope is None:
        raise ForbiddenError("That is not for tokens", hint="Sign in with your password: sft login.").because("tokens")
    raise lacking(scope)


def require_rights(allowed: Rights, needed: Rights) -> None:
    """The same for rights on files; what is there does not matter, so nothing is told of it.

    Raises:
        ForbiddenError
    """
    for scope, rights in RIGHTS.items():
        if needed & rights & ~allowed:
            raise lacking(scope)


def lacking(scope: Scope) -> ForbiddenError:
    """The refusal for want of a scope."""
    return ForbiddenError(
        f"This token is not for that: it has not the scope {scope}",
        hint=f"Use one that has it: sft token create NAME --scope {scope}.",
    )
