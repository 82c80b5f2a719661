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
find = جست‌وجو در این پوشه
find-end = پایان جست‌وجو
find-kind = نوع
find-kind-any = هر نوع
find-kind-file = فایل‌ها
find-kind-folder = پوشه‌ها
find-kind-image = تصویرها
find-kind-video = ویدئوها
find-kind-audio = صداها
find-kind-text = سندها
find-kind-sheet = صفحه‌گسترده‌ها
find-kind-code = کد
find-kind-archive = بایگانی‌ها
find-changed = زمان تغییر
find-days-0 = هر زمان
find-days-1 = در روز گذشته
find-days-7 = در ۷ روز گذشته
find-days-30 = در ۳۰ روز گذشته
find-days-365 = در سال گذشته
find-size = اندازه
find-any-size = هر اندازه
find-larger = دست‌کم { $size }
find-going = در حال جست‌وجو … { $count } مورد تا کنون
find-count =
    { $count ->
        [0] چیزی پیدا نشد
        [one] { $count } مورد پیدا شد
       *[other] { $count } مورد پیدا شد
    }
find-nothing = چیزی پیدا نشد
find-nothing-text = با واژه‌های کمتر یا دیگر، یا از پوشه‌ای بالاتر جست‌وجو کنید.
folders = پوشه‌ها
act-tree = درخت پوشه‌ها
act-details = جزئیات
details-kind = نوع
details-bytes =
    { $count ->
        [one] { $count } بایت
       *[other] { $count } بایت
    }
details-created = ساخته‌شده
details-where = در
details-copy-path = رونوشت مسیر
details-copy-digest = رونوشت SHA-256
details-no-digest = هنوز دانسته نیست.
kind-folder = پوشه
kind-image = تصویر
kind-video = ویدئو
kind-audio = صدا
kind-text = سند
kind-sheet = صفحه‌گسترده
kind-code = کد
kind-archive = بایگانی
kind-other = فایل
empty-looking = در این پوشه چیزی برای دیدن نیست.
rights-viewer = می‌توانید آنچه اینجاست را باز و دریافت کنید.
rights-contributor = می‌توانید فایل‌ها را باز و دریافت کنید و فایل بیفزایید. آنچه هست همان‌گونه می‌ماند.
rights-replacer = می‌توانید فایل‌ها را باز و دریافت کنید و نسخهٔ تازه‌ای به جایشان بگذارید.
rights-dropbox = می‌توانید اینجا فایل بگذارید، ولی از آنچه هست چیزی نمی‌بینید.
rights-some = برخی دسترسی‌ها
rights-other = آنچه اینجا می‌توانید انجام دهید: { $rights }.
rights-no-put = اجازه ندارید چیزی در این پوشه بگذارید.
inbox-title = فایل‌ها را در { $name } بگذارید
inbox-text = آن‌ها را اینجا رها کنید یا برگزینید. محتوای این پوشه را نمی‌بینید؛ نامی که پیش‌تر گرفته شده باشد شماره می‌گیرد.
digest-compute = محاسبه
digest-going = در حال خواندن فایل: { $percent }
digest-failed = { $name } تا پایان خوانده نشد.
single-keys = میان‌برهای تک‌کلیدی
single-keys-hint = مانند / برای جست‌وجو و ? برای این فهرست. اگر خاموش باشد، تنها کلیدهای همراه با Ctrl، Alt یا Shift و کلیدهایی مانند Delete کار می‌کنند.
