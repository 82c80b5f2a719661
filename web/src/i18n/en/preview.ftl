preview-place = { $at } of { $count }
preview-previous = Previous file
preview-next = Next file
preview-as = Show as
preview-as-image = Image
preview-as-drawn = Image
preview-as-pages = Pages
preview-as-document = Document
preview-as-table = Table
preview-as-text = Text
preview-as-audio = Sound
preview-as-video = Film
preview-as-hex = Bytes
preview-as-guess = Automatic
preview-gone = This file is not there any more.
preview-gone-version = This version is not kept any more.
preview-version = As it was on { $time }
preview-empty = This file is empty.
preview-failed = This file cannot be shown here
preview-failed-image = It is damaged, or of a kind that this browser does not know.
preview-failed-media = It is damaged, or of a kind that this browser cannot play.
preview-failed-pdf = It is damaged, or not a PDF.
preview-locked = It is protected by a password.
preview-zoom = Size of the image
preview-zoom-in = Larger
preview-zoom-out = Smaller
preview-zoom-fit = Fit
preview-zoom-full = Actual size
preview-part = { $shown } of { $size } are shown.
preview-more = Show more
preview-wrap = Wrap long lines
preview-row = Row
preview-rows =
    { $count ->
        [one] { $count } row
       *[other] { $count } rows
    }
preview-page = Page { $number }
preview-pages = Page { $at } of { $count }
preview-find = Find
preview-find-next = Next match
preview-find-previous = Previous match
preview-find-close = Close the search
preview-find-none = No matches
preview-find-busy =
    { $count ->
        [0] Searching…
        [one] { $count } so far…
       *[other] { $count } so far…
    }
preview-find-unlettered = There is no text in it, only pictures of pages.
preview-hex-text = Characters
