admin-accounts = Accounts
admin-groups = Groups
admin-sharing = All shares
admin-guard = Guard
admin-certificates = Certificates
admin-drives = Folder drives
admin-more = Show more
admin-save = Save
admin-done = Done
admin-add = Add
admin-edit = Edit
admin-end = End
admin-undo = Undo
admin-show = Show
admin-copy = Copy
admin-copy-command = Copy the command
admin-never = Never
admin-on = On
admin-off = Off
admin-everybody = Everybody
admin-acts-of = What can be done with { $name }
admin-column-account = Account
admin-column-acts = Actions
admin-column-created = Made
admin-column-device = Device
admin-column-drive = Drive
admin-column-from = From
admin-column-group = Group
admin-column-may = May
admin-column-owner = Owner
admin-column-seen = Last seen
admin-column-since = Since
admin-column-state = State
admin-column-time = Time
admin-column-to = With
admin-column-totp = Second factor
admin-column-until = Until
admin-column-used = Storage
admin-column-uses = Downloads
admin-column-what = What
admin-column-who = Who
admin-column-why = Why
admin-role = Role
admin-role-user = User
admin-role-admin = Administrator
admin-any-role = Every role
admin-any-state = Every state
admin-state-active = Active
admin-state-waiting = Waiting
admin-state-disabled = Disabled
admin-state-expired = Expired
admin-search-accounts = Search name, e-mail or note
admin-accounts-count =
    { $count ->
        [one] { $count } account
       *[other] { $count } accounts
    }
admin-accounts-none = No account fits this search.
admin-used-of = { $used } of { $quota }
admin-account-new = New account
admin-name-hint = Letters, digits and . _ - @, without spaces.
admin-first-password = First password
admin-by-link = Send an invitation link
admin-by-link-hint = They choose their own password. The link is good for three days, and once.
admin-by-password = Make up a password
admin-by-password-hint = It is shown to you once, to pass on.
admin-limits-more = Limits, e-mail and expiry
admin-email = E-mail
admin-note = Note
admin-quota = Storage at most
admin-quota-files = Files at most
admin-rate-up = Upload speed at most
admin-rate-down = Download speed at most
admin-expires = Last day
admin-expires-hint = After it, nobody signs in here; empty is never.
admin-no-limit = No limit
admin-unit = Unit: { $what }
admin-unit-mb = MB
admin-unit-gb = GB
admin-unit-tb = TB
admin-rate-mb = MB/s
admin-rate-gb = GB/s
admin-rate-tb = TB/s
admin-number-needed = Write a number, or leave it empty.
admin-account-edit = Edit { $name }
admin-disabled = Locked out
admin-disabled-hint = All sessions end at once. The files stay.
admin-reset = New password by link
admin-handed-password = Password of { $name }
admin-handed-password-text = It is shown only now. Pass it on in a way that you trust.
admin-handed-link = Link for { $name }
admin-handed-link-text = Whoever opens it sets the password of this account. It works once, until { $until }, and is shown only now.
admin-qr = The link as a QR code
admin-totp-off = Remove second factor
admin-totp-off-title = Remove the second factor of { $name }?
admin-totp-off-text = For somebody who lost theirs. From then on the password alone is enough, until they set up a new one.
admin-sign-out = End sessions
admin-sign-out-title = End all sessions of { $name }?
admin-sign-out-text = They are signed out everywhere at once and can sign in again.
admin-sign-out-done =
    { $count ->
        [one] { $count } session of { $name } ended.
       *[other] { $count } sessions of { $name } ended.
    }
admin-shares-of = Links and shares
admin-account-delete = Delete account
admin-account-delete-title = Delete the account { $name }?
admin-account-delete-text =
    { $count ->
        [one] Its { $count } file ({ $size }) is deleted with it, and all links and shares of it end. This cannot be undone.
       *[other] Its { $count } files ({ $size }) are deleted with it, and all links and shares of them end. This cannot be undone.
    }
admin-account-deleted = The account { $name } was deleted.
admin-waiting =
    { $count ->
        [one] { $count } person waits for approval
       *[other] { $count } people wait for approval
    }
admin-approve = Approve
admin-approve-name = Approve { $name }
admin-reject = Reject
admin-reject-name = Reject { $name }
admin-approved = { $name } may sign in now.
admin-rejected = { $name } was rejected.
admin-groups-lead = Share something with a group, and all its members have it.
admin-groups-none = There are no groups yet.
admin-group-new = New group
admin-group-delete = Delete group
admin-group-delete-title = Delete the group { $name }?
admin-group-delete-text = Whatever was shared with it ends for its members. Their accounts stay.
admin-members = Members
admin-members-of = Members of { $name }
admin-members-count =
    { $count ->
        [one] { $count } member
       *[other] { $count } members
    }
admin-members-none = Nobody is in this group yet.
admin-members-more =
    { $count ->
        [one] There is { $count } member in all; type a name to find one.
       *[other] There are { $count } members in all; type a name to find one.
    }
admin-add-member = Find or add somebody
admin-remove-member = Take { $name } out of the group
admin-sharing-lead = Who gives what to whom. You can end it; what is in the files stays theirs.
admin-only-of = Only of this account
admin-links = Links
admin-links-none = There are no links.
admin-grants = Shares
admin-grants-none = Nothing is shared.
admin-with-password = with a password
admin-uses =
    { $count ->
        [one] { $count } time
       *[other] { $count } times
    }
admin-uses-of = { $count } of { $most }
admin-over = Over
admin-no-end = No end
admin-drive = Folder drive
admin-end-of = End the sharing of { $path }
admin-link-end-title = End the link of { $name } to { $path }?
admin-link-end-text = It stops working at once, also for those who are downloading. Its owner can make another.
admin-link-ended = The link was ended.
admin-grant-end-title = Stop sharing { $path } with { $name }?
admin-grant-end-text = It is gone there at once. Its owner can share it again.
admin-grant-ended = The sharing was ended.
admin-level-viewer = View and download
admin-level-dropbox = Only drop files in
admin-level-contributor = View and add
admin-level-editor = Everything
admin-level-other = Rights { $rights }
admin-guard-lead = Whoever guesses wrong too often has to wait. Those who are signed in stay so.
admin-guard-none = Nobody is blocked.
admin-block-source = address
admin-block-account = account
admin-block-pair = account at a known address
admin-block-token = API token
admin-guesses =
    { $count ->
        [one] { $count } wrong guess
       *[other] { $count } wrong guesses
    }
admin-barred-by = Shut out by { $name }
admin-unblock = Unblock
admin-unblock-name = Unblock { $name }
admin-unblock-all = Unblock everybody
admin-unblocked =
    { $count ->
        [one] { $count } block lifted.
       *[other] { $count } blocks lifted.
    }
admin-refused = Refused lately
admin-refused-none = Nothing was refused.
admin-cert-authority = Certificate authority
admin-cert-authority-text = It signs this server and its devices. Clients compare its fingerprint when they connect first.
admin-cert-server = Server certificate
admin-cert-own = Made by this server, and renewed by itself thirty days before its end or when its addresses change.
admin-cert-imported = Imported from your organisation. Import the next one before this one ends.
admin-cert-configured = From a file that the configuration names. When that file is replaced, the server goes on with the new one.
admin-cert-until = Good until
admin-cert-days =
    { $count ->
        [one] { $count } day left
       *[other] { $count } days left
    }
admin-cert-names = Names and addresses
admin-cert-issuer = Issued by
admin-cert-itself = Itself
admin-cert-fingerprint = SHA-256 fingerprint
admin-cert-ca = Download ca.pem
admin-cert-crl = Revoked certificates (CRL)
admin-cert-csr = Request for your organisation (CSR)
admin-cert-no-key = The key of the authority is not on this server, so nothing new can be signed here.
admin-cert-import = When your organisation has signed it, run this where the server is:
admin-cert-reload = Read the files again
admin-cert-reload-text = The server sees by itself when its files change. Here you see at once whether it can use them.
admin-cert-taken = The new certificate is in use from now on.
admin-cert-same = The files hold the certificate that is in use already.
admin-cert-refused = The files cannot be used; the server goes on with the certificate that it has.
admin-cert-request = For a server certificate of your organisation, run this where the server is:
admin-devices = Devices
admin-devices-none = No device has a certificate. One is enrolled with: sft cert enroll
admin-devices-more =
    { $count ->
        [one] { $count } device fits; search to see others.
       *[other] { $count } devices fit; search to see others.
    }
admin-search-devices = Search device, account or fingerprint
admin-device-active = Active
admin-device-expired = Expired
admin-device-revoked = Revoked
admin-device-revoke = Revoke
admin-device-revoke-name = Revoke { $name }
admin-device-revoke-title = Revoke { $device } of { $name }?
admin-device-revoke-text = Its certificate opens nothing from now on, and its sessions end. It can be enrolled anew.
admin-drives-lead = Folders of the server’s disk, shown as they are to whom you choose.
admin-drives-none = No folder is mounted.
admin-drive-fault = Not usable
admin-drive-nobody = Nobody yet
admin-drive-share = Share
admin-drive-share-title = Share the drive { $name }
admin-drive-share-hint = An account, or a group with @ before its name.
admin-drive-end = Stop sharing { $drive } with { $name }
admin-mounting = Mounting
admin-mounting-text = What is mounted is decided on the server itself: whoever could do that from afar could read every file that the server may. A running server sees it at once.
admin-mount = Mount a folder
admin-unmount = Take it away again; the folder itself stays
