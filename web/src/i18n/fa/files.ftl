act-open = باز کردن
act-download = دریافت
act-rename = تغییر نام
act-delete = حذف
act-clear = لغو انتخاب
act-new-folder = پوشهٔ تازه
act-select-all = انتخاب همه
act-up = یک پوشه بالاتر
act-keys = کلیدهای میان‌بر
more = بیشتر
keys-move = حرکت در فهرست
keys-ends = رفتن به اولین یا آخرین
keys-type = رفتن به نام: آغاز آن را بنویسید
keys-pick = انتخاب یا رها کردن
keys-range = گسترش انتخاب
keys-menu = منو
new-folder-name = نام پوشه
create = ساختن
new-name = نام تازه
delete-title =
    { $count ->
        [one] { $name } برای همیشه حذف شود؟
       *[other] { $count } مورد برای همیشه حذف شود؟
    }
delete-text = برای همه حذف می‌شود و بازگشتی ندارد.
selected =
    { $count ->
        [one] { $count } انتخاب‌شده
       *[other] { $count } انتخاب‌شده
    }
column-name = نام
column-size = اندازه
column-modified = تغییر
empty-title = هنوز چیزی اینجا نیست
empty-text = آنچه در این پوشه گذاشته شود اینجا دیده می‌شود.
usage = { $used } استفاده‌شده، { $free } آزاد
folder-made = پوشهٔ { $name } ساخته شد.
renamed = نام به { $name } تغییر کرد.
deleted =
    { $count ->
        [one] { $name } حذف شد.
       *[other] { $count } مورد حذف شد.
    }
act-cut = برش
act-copy = رونوشت
act-paste = چسباندن
act-move-to = جابه‌جایی به …
act-copy-to = رونوشت در …
act-grid = نمایش کاشی‌ها
act-list = نمایش فهرست
drives-folder = درایوها
undo = برگرداندن
moved =
    { $count ->
        [one] { $name } جابه‌جا شد.
       *[other] { $count } مورد جابه‌جا شد.
    }
copied-here =
    { $count ->
        [one] از { $name } رونوشت گرفته شد.
       *[other] از { $count } مورد رونوشت گرفته شد.
    }
relocation-begun =
    { $count ->
        [one] رونوشت‌برداری روی سرور انجام می‌شود. می‌توانید به کارتان ادامه دهید.
       *[other] رونوشت‌برداری از { $count } مورد روی سرور انجام می‌شود. می‌توانید به کارتان ادامه دهید.
    }
move-title =
    { $count ->
        [one] جابه‌جایی { $name } به …
       *[other] جابه‌جایی { $count } مورد به …
    }
copy-title =
    { $count ->
        [one] رونوشت { $name } در …
       *[other] رونوشت { $count } مورد در …
    }
move-here = جابه‌جایی به { $name }
copy-here = رونوشت در { $name }
no-folders = در اینجا پوشه‌ای نیست.
folders-failed = این پوشه اکنون باز نمی‌شود.
conflict-title = { $name } از پیش آنجاست
conflict-there = آنچه آنجاست
conflict-coming = آنچه می‌آید
conflict-choose = چه باید کرد
conflict-overwrite = جایگزین کردن
conflict-newer = جایگزین کردن اگر تازه‌تر است
conflict-rename = نگه داشتن هر دو با نام دیگر
conflict-skip = گذشتن از این یکی
conflict-all = برای همهٔ موارد بعدی هم همین
go-on = ادامه
job-copy = در حال رونوشت‌برداری از { $name }
job-move = در حال جابه‌جایی { $name }
job-zip = در حال فشرده‌سازی { $name }
job-cancel = لغو آن
job-failed = { $what }: { $why }
