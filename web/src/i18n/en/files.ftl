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
keys-range = Select on from here
keys-menu = Menu
new-folder-name = Name of the folder
create = Create
rename-title = Rename { $name }
new-name = New name
delete-title =
    { $count ->
        [one] Delete { $name }?
       *[other] Delete { $count } items?
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
