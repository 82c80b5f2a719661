"""The reason that a closed event stream gives."""

from secure_file_transfer.doors.http.socket import REASON_MAX, closing
from secure_file_transfer.errors import SessionEndedError, SignInRequiredError


def test_what_an_operator_said_is_why_and_fits_into_a_close_frame() -> None:
    said = "An operator has ended your session: " + "é" * 200
    assert len(closing(SessionEndedError(said)).encode()) in {REASON_MAX - 1, REASON_MAX}
    assert closing(SessionEndedError("enough")) == "session_ended: enough"
    assert closing(SignInRequiredError("over")) == SignInRequiredError.row.code
