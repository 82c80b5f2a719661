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
account = Account
account-profile = Profile
account-security = Second factor
account-sessions = Sessions
account-devices = Devices
account-tokens = API tokens
account-preferences = Preferences
account-open = My account
account-who = Who you are here
account-name = Name
account-role = Role
account-since = Signed in
account-address = From
account-space = Storage
role-admin = Operator
role-user = User
space-free = { $used } used, { $free } free
space-quota = { $used } of { $quota } used
space-files =
    { $count ->
        [one] { $number } file
       *[other] { $number } files
    }
space-files-quota = { $number } of { $quota } files
password-change = Change password
password-change-lead = All your other sessions end with it; this one goes on.
password-old = Current password
password-new = New password
password-new-hint = A few words are long enough and easy to keep.
password-new-needed = Enter a new password.
password-wrong = That is not your password.
password-changed =
    { $count ->
        [0] The password is changed. There were no other sessions.
        [one] The password is changed, and one other session ended.
       *[other] The password is changed, and { $count } other sessions ended.
    }
sessions-lead = Where you are signed in at this moment.
sessions-none = There is no session.
sessions-end-others = End all others
sessions-end-others-title =
    { $count ->
        [one] End one other session?
       *[other] End { $count } other sessions?
    }
sessions-ended =
    { $count ->
        [one] One session ended.
       *[other] { $count } sessions ended.
    }
session-program = Program
session-since = Since
session-seen = Last active
session-current = this one
session-end = End
session-end-of = End { $name }?
session-end-text = Whatever it moves at this moment stops too.
session-end-this = This is the session that you are in: you will be signed out.
session-was-ended = { $name } ended.
session-visitor = { $name }, visitor of your link
session-on = { $name } on { $system }
session-unknown = Unknown program
devices-lead = Computers that sign in by a certificate of their own, without your password.
devices-none = No device has a certificate yet.
devices-off = This server asks nobody for certificates.
device-add = Add a device
device-name = Name
device-seen = Last used
device-unseen = Never
device-expires = Good until
device-fingerprint = Fingerprint
device-fingerprint-copy = Copy the fingerprint
device-revoke = Revoke
device-revoke-of = Revoke { $name }?
device-revoke-text = Its certificate is refused from then on, and its transfers stop. It can be added anew.
device-was-revoked = { $name } is revoked.
device-status-expired = Expired
device-status-revoked = Revoked
device-step-install = Install the command line there.
device-step-command = Run there:
device-step-code = Type this code when it asks. It is good for { $minutes } minutes, for one device.
device-command-copy = Copy the command
device-code-copy = Copy the code
device-code-once = The code is not shown again. The key is made on the device and never leaves it.
totp = Second factor at sign-in
totp-lead = Besides the password, a code from an app on your phone: a password alone opens nothing then.
totp-off = It is off. Your password alone signs you in.
totp-on = It is on. Each sign-in asks for a code.
totp-begin = Set up
totp-password-hint = Once more, so that nobody does this at a screen that you have left.
totp-next = Next
totp-scan = Scan this with an authenticator app, then type the code that it shows.
totp-qr = QR code for an authenticator app
totp-key = Or type the key:
totp-key-copy = Copy the key
totp-code-hint = Six digits; they change every 30 seconds.
totp-confirm = Switch on
totp-disable = Switch off
totp-disable-text = From then on your password alone signs you in.
totp-was-disabled = The second factor is off.
code-wrong = That code is wrong or was used already. Each one works once.
recovery = Recovery codes
recovery-lead = Each one signs you in once, for the day on which the phone is not there. They are shown only now: keep them where you keep what matters.
recovery-left =
    { $count ->
        [0] No recovery code is left.
        [one] One recovery code is left.
       *[other] { $number } recovery codes are left.
    }
recovery-renew = New recovery codes
recovery-renew-text = The old ones are good no more.
recovery-copy = Copy the codes
recovery-save = Save
recovery-print = Print
recovery-kept = I have kept them
tokens-lead = For programs that sign in by themselves: for just what they have to do, and for as long as it takes.
tokens-none = You have made no token yet.
token-make = New token
token-name = Name
token-name-hint = What it is for, such as nightly backup.
token-name-needed = Enter a name.
token-may = May
token-scope-needed = Choose what it may do.
token-path = In the folder
token-path-hint = It sees nothing above or beside it.
token-expires = Expires
token-password-hint = Once more, so that an open session alone makes nothing that lasts.
token-made = { $name } is made. This is shown only now:
token-copy = Copy the token
token-seen = Last used
token-unseen = Never
token-never = Never
token-expired = Expired
token-below = below { $path }
token-revoke = Revoke
token-revoke-of = Revoke { $name }?
token-revoke-text = Programs that use it are refused at once.
token-was-revoked = { $name } is revoked.
list-comma = { ", " }
scope-files-read = read files
scope-files-write = write files
scope-files-delete = delete files
scope-shares = share
scope-admin = operate the server
span-week = In 7 days
span-month = In 30 days
span-quarter = In 90 days
span-year = In a year
span-never = Never
preferences-lead = They hold in this browser.
notices = Notifications
notices-hint = When a message or a warning comes while you look at something else.
notices-refused = The browser does not allow them for this page; its settings do.
