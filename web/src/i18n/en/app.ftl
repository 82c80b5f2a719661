app-name = Secure File Transfer
sign-in = Sign in
sign-in-lead = Files move over verified, encrypted connections here, and rest sealed.
sign-out = Sign out
name = Name
password = Password
show = Show
hide = Hide
code = Code
code-hint = Six digits from your authenticator app, or a recovery code.
code-needed = Enter the code of your second factor.
name-needed = Enter your name.
password-needed = Enter your password.
waiting-for-setup = This server waits for its first administrator.
waiting-for-setup-hint = Open the set-up link that was printed where it was started.
connect-otherwise = Command line, FTPS and certificate
files = Files
account-menu = Account
signed-in-as = Signed in as { $name }
language = Language
theme = Theme
theme-system = System
theme-light = Light
theme-dark = Dark
home-folder = Home
shared-folder = Shared with me
breadcrumb = Folders on the way
new-folder = New folder
new-folder-name = Name of the folder
create = Create
rename = Rename
rename-title = Rename { $name }
new-name = New name
delete = Delete
delete-title =
    { $count ->
        [one] Delete { $name }?
       *[other] Delete { $count } items?
    }
delete-text = It is removed for everybody. This cannot be undone.
cancel = Cancel
close = Close
download = Download
download-zip = Download as ZIP
retry = Try again
selected =
    { $count ->
        [one] { $count } selected
       *[other] { $count } selected
    }
clear-selection = Clear selection
column-name = Name
column-size = Size
column-modified = Changed
empty-title = Nothing here yet
empty-text = What is put into this folder appears here.
usage = { $used } used, { $free } free
failed-offline = The server cannot be reached. Check the network and try again.
failed-unknown = That did not work.
folder-made = Folder { $name } created.
renamed = Renamed to { $name }.
deleted =
    { $count ->
        [one] { $name } deleted.
       *[other] { $count } items deleted.
    }
skip-to-content = Skip to content
menu = Menu
operations = Operations
new-things = new:
no-such-page = There is no such page here.
copied = Copied
