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
rename-title = تغییر نام { $name }
new-name = نام تازه
delete-title =
    { $count ->
        [one] { $name } حذف شود؟
       *[other] { $count } مورد حذف شود؟
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
