act-share = Share
act-share-folder = Share this folder
share-title = Share { $name }
share-people = People and groups
share-who = Name, or @ and a group
share-who-needed = Enter the name of an account, or @ and the name of a group.
share-group = Group
share-person = Person
share-group-hint = A group is written with @ before its name.
share-level = What they may do
share-level-for = What { $name } may do
share-level-viewer = Viewer
share-level-contributor = Contributor
share-level-editor = Editor
share-level-dropbox = Drop box
share-level-replacer = Replacer
share-means-viewer = May open and download.
share-means-contributor = May download and add files; changes nothing that is there.
share-means-editor = May add, change, rename and delete.
share-means-dropbox = May put files in, and sees nothing of what is there.
share-means-replacer = May download, and put a new version in its place.
share-means-other = A choice of single rights.
share-right-read = read
share-right-create = add
share-right-write = replace
share-right-delete = delete
share-add = Add
share-owner = Owner
share-granted = { $name } has access now: { $level }.
share-revoke = Take access back
share-revoke-for = Take access back from { $name }
share-revoked = { $name } has no access any more.
share-inherited = from { $folder }
share-not-yours = Only its owner can share this.
share-links = Links
share-links-none = Anybody who has a link gets in, without an account.
share-link-new = New link
share-link-level = Visitors may
share-link-means-viewer = Visitors may look and download.
share-link-means-contributor = Visitors may download and add files; they change nothing that is there.
share-link-means-editor = Visitors may add, change and delete. Give this to nobody you do not know.
share-link-means-dropbox = Visitors send you files, and see nothing of what is there.
share-link-means-replacer = Visitors may download, and put a new version in its place.
share-link-ends = Works for
share-link-ends-at = Until a certain moment
share-link-ends-never = Until it is ended
share-link-moment = Ends at
share-link-when-needed = Choose when the link ends.
share-link-lock = Protect it with a password
share-link-password = Password
share-link-password-hint = Tell it another way than the address.
share-link-password-other = Make another
share-link-password-copy = Copy password
share-link-password-once = This is the only time that the password is shown.
share-link-password-not-kept = Visitors need the password. Nobody can look it up: make a new link if it is lost.
share-link-anybody = Whoever has this address gets in.
share-link-most = Limit of downloads
share-link-most-hint = How many visitors may download. Empty: no limit.
share-link-most-wrong = The limit of downloads is a number from 1.
share-link-name = Title
share-link-name-hint = Visitors see it instead of the name.
share-link-make = Create link
share-link-address = Address
share-link-copy = Copy address
share-link-send = Send it
share-link-qr = QR code of the address
share-link-show = Show address
share-link-hide = Hide address
share-link-end = End link
share-link-end-sure = End this link? Its address never works again.
share-link-protected = With a password
share-link-expired = Expired
share-link-used = Used up
share-link-until = until { $when }
share-link-used-last = last used { $when }
share-link-uses =
    { $count ->
        [0] not downloaded yet
        [one] { $count } download
       *[other] { $count } downloads
    }
share-link-uses-of = { $count } of { $most } downloads
share-access = Who has access
share-access-nobody = Only you.
share-access-links =
    { $count ->
        [one] { $count } link
       *[other] { $count } links
    }
share-manage = Manage access
shared-room = Shared with me
shared-lead = What others let you see or change. It stays where it is: with them.
shared-none = Nobody shares anything with you yet. It appears here the moment somebody does.
shared-from = From
shared-level = You may
shared-drive = Folder of the server
sharing-room = Shared by me
sharing-lead = Everything of yours that others get at, by name or by link.
sharing-none = You share nothing.
sharing-none-such = Nothing like that is shared.
sharing-show = Show
sharing-filter-all = All
sharing-filter-people = People
sharing-filter-groups = Groups
sharing-filter-links = Links
sharing-filter-ended = Ended
sharing-search = Search in names
sharing-with = With
sharing-what = What
sharing-acts = What to do
sharing-choose-column = Choose
sharing-choose = Choose { $name }
sharing-choose-all = Choose all
sharing-since = since { $when }
sharing-revoke =
    { $count ->
        [one] Take { $count } back
       *[other] Take { $count } back
    }
sharing-revoke-title =
    { $count ->
        [one] Take this back?
       *[other] Take these { $count } back?
    }
sharing-revoke-text = Access ends at once, also for what is being downloaded. The addresses of ended links never work again.
sharing-revoke-act = Take back
sharing-revoked =
    { $count ->
        [one] Taken back.
       *[other] { $count } taken back.
    }
