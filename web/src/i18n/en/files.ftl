act-open = Open
act-download = Download
act-rename = Rename
act-delete = Delete
act-clear = Clear selection
act-new-folder = New folder
act-select-all = Select all
act-up = Up one folder
act-keys = Keyboard shortcuts
more = More
keys-move = Move in the list
keys-ends = To the first or last
keys-type = To what begins so: type it
keys-pick = Select or let go
keys-range = Select more
keys-menu = Menu
new-folder-name = Name of the folder
create = Create
new-name = New name
delete-title =
    { $count ->
        [one] Delete { $name } for good?
       *[other] Delete { $count } items for good?
    }
delete-text = It is removed for everybody. This cannot be undone.
selected =
    { $count ->
        [one] { $count } selected
       *[other] { $count } selected
    }
column-name = Name
column-size = Size
column-modified = Changed
empty-title = Nothing here yet
empty-text = What is put into this folder appears here.
usage = { $used } used, { $free } free
folder-made = Folder { $name } created.
renamed = Renamed to { $name }.
deleted =
    { $count ->
        [one] { $name } deleted.
       *[other] { $count } items deleted.
    }
act-cut = Cut
act-copy = Copy
act-paste = Paste
act-move-to = Move to …
act-copy-to = Copy to …
act-grid = Show as tiles
act-list = Show as a list
drives-folder = Drives
undo = Undo
moved =
    { $count ->
        [one] { $name } moved.
       *[other] { $count } items moved.
    }
copied-here =
    { $count ->
        [one] { $name } copied.
       *[other] { $count } items copied.
    }
relocation-begun =
    { $count ->
        [one] It is being copied on the server. You can go on meanwhile.
       *[other] { $count } items are being copied on the server. You can go on meanwhile.
    }
move-title =
    { $count ->
        [one] Move { $name } to …
       *[other] Move { $count } items to …
    }
copy-title =
    { $count ->
        [one] Copy { $name } to …
       *[other] Copy { $count } items to …
    }
move-here = Move to { $name }
copy-here = Copy to { $name }
no-folders = No folders in here.
folders-failed = This folder cannot be looked into now.
conflict-title = { $name } is there already
conflict-there = What is there
conflict-coming = What comes
conflict-choose = What to do
conflict-overwrite = Replace what is there
conflict-newer = Replace it if what comes is newer
conflict-rename = Keep both, with another name
conflict-skip = Skip this one
conflict-all = The same for all that follow
go-on = Go on
job-copy = Copying { $name }
job-move = Moving { $name }
job-zip = Packing { $name }
job-cancel = Cancel it
job-failed = { $what }: { $why }
find = Search in this folder
find-end = End the search
find-kind = Kind
find-kind-any = Any kind
find-kind-file = Files
find-kind-folder = Folders
find-kind-image = Pictures
find-kind-video = Videos
find-kind-audio = Music
find-kind-text = Documents
find-kind-sheet = Spreadsheets
find-kind-code = Code
find-kind-archive = Archives
find-changed = Changed
find-days-0 = Any time
find-days-1 = In the last day
find-days-7 = In the last 7 days
find-days-30 = In the last 30 days
find-days-365 = In the last year
find-size = Size
find-any-size = Any size
find-larger = At least { $size }
find-going = Searching … { $count } found so far
find-count =
    { $count ->
        [0] Nothing found
        [one] { $count } found
       *[other] { $count } found
    }
find-nothing = Nothing found
find-nothing-text = Try fewer or other words, or search from a folder above.
folders = Folders
act-tree = Folder tree
act-details = Details
details-kind = Kind
details-bytes =
    { $count ->
        [one] { $count } byte
       *[other] { $count } bytes
    }
details-created = Made
details-where = In
details-copy-path = Copy the path
details-copy-digest = Copy the SHA-256
details-no-digest = Not known yet.
kind-folder = Folder
kind-image = Picture
kind-video = Video
kind-audio = Music
kind-text = Document
kind-sheet = Spreadsheet
kind-code = Code
kind-archive = Archive
kind-other = File
empty-looking = There is nothing in this folder to look at.
rights-viewer = You may open and download what is here.
rights-contributor = You may open, download and add files. What is there stays as it is.
rights-replacer = You may open and download files, and put new versions in their place.
rights-dropbox = You may put files here, and see nothing of what is there.
rights-some = Some rights
rights-other = What you may do here: { $rights }.
rights-no-put = You may not put anything into this folder.
inbox-title = Put files into { $name }
inbox-text = Drop them here or choose them. You do not see what is in this folder; a name that is taken gets a number.
digest-compute = Compute
digest-going = Reading the file: { $percent }
digest-failed = { $name } could not be read to its end.
single-keys = Shortcuts with a single key
single-keys-hint = Such as / to search and ? for this list. Off, only keys together with Ctrl, Alt or Shift do something, and keys such as Delete.
