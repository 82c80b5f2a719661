trash = سطل زباله
trash-lead = آنچه حذف می‌کنید { $days ->
        [one] یک روز
       *[other] { $days } روز
    } می‌ماند، مگر آنکه به جای آن نیاز شود.
trash-off = این سرور آنچه را حذف شود نگه نمی‌دارد.
trash-empty = سطل زباله خالی است
trash-empty-text = آنچه حذف کنید از اینجا برگرداندنی است.
trash-from = از پوشهٔ
trash-when = زمان حذف
trash-by = توسط { $name }
trash-ends = حذف همیشگی
trash-days-left = { $days ->
        [one] تا یک روز دیگر
       *[other] { $days } روز دیگر
    }
trash-pick = انتخاب { $name }
trash-pick-all = انتخاب همه
trash-restore = برگرداندن
trash-restore-one = برگرداندن { $name }
trash-remove-one = حذف همیشگی { $name }
trash-clear = خالی کردن سطل
trash-clear-title = سطل زباله خالی شود؟
trash-clear-text = هر چه در آن است برای همیشه حذف می‌شود و بازگشتی ندارد.
trash-cleared =
    { $count ->
        [one] یک مورد برای همیشه حذف شد.
       *[other] { $count } مورد برای همیشه حذف شد.
    }
trash-more = نمایش بیشتر
trash-remove-text = این کار بازگشتی ندارد.
trashed =
    { $count ->
        [one] به سطل زباله رفت: { $name }
       *[other] { $count } مورد به سطل زباله رفت.
    }
put-back =
    { $count ->
        [one] برگردانده شد: { $name }
       *[other] { $count } مورد برگردانده شد.
    }
act-delete-for-good = حذف همیشگی
act-versions = نسخه‌ها
versions-title = نسخه‌های { $name }
versions-none = هنوز نسخهٔ پیشینی نیست. هر وقت این فایل جایگزین شود، نسخهٔ پیشین آن اینجا نگه داشته می‌شود.
version-current = کنونی
version-by = از { $name }
version-until = تا { $date }
version-download = دریافت نسخهٔ { $time }
version-preview = دیدن
version-look = دیدن نسخهٔ { $time }
version-restore = برگرداندن نسخهٔ { $time }
version-remove = حذف نسخهٔ { $time }
version-restored = نسخهٔ پیشین { $name } برگردانده شد. آنچه بود در میان نسخه‌هاست.
version-removed = نسخه حذف شد.
version-bring-back = برگرداندن
trash-holds =
    { $count ->
        [0] سطل زباله خالی است
       *[other] { $count } مورد در سطل زباله است
    }
past-title = تاریخچه
past-made = ساخته شد
past-made-by = ساختهٔ { $name }
past-written = نسخهٔ تازه
past-written-by = نسخهٔ تازه از { $name }
past-shared = با { $name } هم‌رسانی شد
past-linked = پیوند ساخته شد
past-linked-name = پیوند { $name } ساخته شد
past-all = همهٔ نسخه‌ها
past-failed = آنچه بر این فایل گذشته اکنون نشان‌دادنی نیست.
