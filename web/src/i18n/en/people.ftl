session-ended-operator = An operator has ended your session.
session-ended-time = Your session has lasted its time. Sign in again to go on.
session-ended-elsewhere = You were signed out: the session was ended from another place, or the password was changed.
session-ended-draft = What you had not sent yet is kept in this tab until you have signed in again.
warning = Warning
warning-more =
    { $count ->
        [one] one more follows
       *[other] { $count } more follow
    }
warning-from = From { $name }
warning-read = I have read it
