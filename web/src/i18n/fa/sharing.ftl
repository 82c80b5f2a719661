act-share = هم‌رسانی
act-share-folder = هم‌رسانی این پوشه
share-title = هم‌رسانی { $name }
share-people = افراد و گروه‌ها
share-who = نام، یا @ و نام گروه
share-who-needed = نام یک حساب را وارد کنید، یا @ و نام یک گروه.
share-group = گروه
share-person = فرد
share-group-hint = پیش از نام گروه @ بنویسید.
share-level = سطح دسترسی
share-level-for = سطح دسترسی { $name }
share-level-viewer = بیننده
share-level-contributor = مشارکت‌کننده
share-level-editor = ویرایشگر
share-level-dropbox = صندوق دریافت
share-level-replacer = جایگزین‌کننده
share-means-viewer = می‌تواند ببیند و دریافت کند.
share-means-contributor = می‌تواند دریافت کند و فایل بیفزاید؛ آنچه هست را تغییر نمی‌دهد.
share-means-editor = می‌تواند بیفزاید، تغییر دهد، نام‌گذاری کند و حذف کند.
share-means-dropbox = می‌تواند فایل بگذارد و از آنچه هست چیزی نمی‌بیند.
share-means-replacer = می‌تواند دریافت کند و نسخهٔ تازه‌ای به جایش بگذارد.
share-means-other = ترکیبی از اجازه‌های جداگانه.
share-right-read = خواندن
share-right-create = افزودن
share-right-write = جایگزینی
share-right-delete = حذف
share-add = افزودن
share-owner = مالک
share-granted = { $name } اکنون دسترسی دارد: { $level }.
share-revoke = پس گرفتن دسترسی
share-revoke-for = پس گرفتن دسترسی از { $name }
share-revoked = { $name } دیگر دسترسی ندارد.
share-inherited = از { $folder }
share-not-yours = تنها مالک می‌تواند این را هم‌رسانی کند.
share-links = پیوندها
share-links-none = هر کس پیوند را داشته باشد بدون حساب وارد می‌شود.
share-link-new = پیوند تازه
share-link-level = اجازهٔ بازدیدکنندگان
share-link-means-viewer = بازدیدکنندگان می‌توانند ببینند و دریافت کنند.
share-link-means-contributor = بازدیدکنندگان می‌توانند دریافت کنند و فایل بیفزایند؛ آنچه هست را تغییر نمی‌دهند.
share-link-means-editor = بازدیدکنندگان می‌توانند بیفزایند، تغییر دهند و حذف کنند. این را به ناشناسان ندهید.
share-link-means-dropbox = بازدیدکنندگان برایتان فایل می‌فرستند و از آنچه هست چیزی نمی‌بینند.
share-link-means-replacer = بازدیدکنندگان می‌توانند دریافت کنند و نسخهٔ تازه‌ای به جایش بگذارند.
share-link-ends = مدت اعتبار
share-link-ends-at = تا زمانی معین
share-link-ends-never = تا وقتی پایان داده شود
share-link-moment = زمان پایان
share-link-when-needed = زمان پایان پیوند را انتخاب کنید.
share-link-lock = با گذرواژه محافظت شود
share-link-password = گذرواژه
share-link-password-hint = آن را از راهی جدا از نشانی بگویید.
share-link-password-other = یکی دیگر بساز
share-link-password-copy = رونوشت گذرواژه
share-link-password-once = گذرواژه تنها همین یک بار نشان داده می‌شود.
share-link-password-not-kept = بازدیدکنندگان به گذرواژه نیاز دارند. بازیابی آن ممکن نیست؛ اگر گم شد پیوند تازه‌ای بسازید.
share-link-anybody = هر کس این نشانی را داشته باشد وارد می‌شود.
share-link-most = سقف دریافت
share-link-most-hint = چند بازدیدکننده می‌توانند دریافت کنند. خالی: بی‌سقف.
share-link-most-wrong = سقف دریافت باید عددی از ۱ به بالا باشد.
share-link-name = عنوان
share-link-name-hint = بازدیدکنندگان آن را به جای نام می‌بینند.
share-link-make = ساختن پیوند
share-link-address = نشانی
share-link-copy = رونوشت نشانی
share-link-send = فرستادن
share-link-qr = کد QR نشانی
share-link-show = نمایش نشانی
share-link-hide = پنهان کردن نشانی
share-link-end = پایان دادن
share-link-end-sure = به این پیوند پایان داده شود؟ نشانی آن دیگر هرگز کار نخواهد کرد.
share-link-protected = گذرواژه دارد
share-link-expired = منقضی‌شده
share-link-used = مصرف‌شده
share-link-until = تا { $when }
share-link-used-last = آخرین استفاده { $when }
share-link-uses =
    { $count ->
        [0] هنوز دریافت نشده
        [one] { $count } دریافت
       *[other] { $count } دریافت
    }
share-link-uses-of = { $count } از { $most } دریافت
share-access = چه کسانی دسترسی دارند
share-access-nobody = تنها شما.
share-access-links =
    { $count ->
        [one] { $count } پیوند
       *[other] { $count } پیوند
    }
share-manage = مدیریت دسترسی
shared-room = هم‌رسانی‌شده با من
shared-lead = آنچه دیگران اجازه داده‌اند ببینید یا تغییر دهید. همان‌جا نزد آنان می‌ماند.
shared-none = هنوز کسی چیزی با شما هم‌رسانی نکرده است. همین که کسی چنین کند اینجا پدیدار می‌شود.
shared-from = از
shared-level = اجازهٔ شما
shared-drive = پوشهٔ سرور
sharing-room = هم‌رسانی‌های من
sharing-lead = هرچه از شما که دیگران به آن دسترسی دارند، با نام یا با پیوند.
sharing-none = چیزی هم‌رسانی نکرده‌اید.
sharing-none-such = چنین چیزی هم‌رسانی نشده است.
sharing-show = نمایش
sharing-filter-all = همه
sharing-filter-people = افراد
sharing-filter-groups = گروه‌ها
sharing-filter-links = پیوندها
sharing-filter-ended = پایان‌یافته
sharing-search = جست‌وجو در نام‌ها
sharing-with = با
sharing-what = چه چیز
sharing-acts = کارها
sharing-choose-column = انتخاب
sharing-choose = انتخاب { $name }
sharing-choose-all = انتخاب همه
sharing-since = از { $when }
sharing-revoke =
    { $count ->
        [one] پس گرفتن { $count } مورد
       *[other] پس گرفتن { $count } مورد
    }
sharing-revoke-title =
    { $count ->
        [one] این پس گرفته شود؟
       *[other] این { $count } مورد پس گرفته شود؟
    }
sharing-revoke-text = دسترسی بی‌درنگ پایان می‌یابد، حتی برای آنچه در حال دریافت است. نشانی پیوندهای پایان‌یافته دیگر هرگز کار نمی‌کند.
sharing-revoke-act = پس گرفتن
sharing-revoked =
    { $count ->
        [one] پس گرفته شد.
       *[other] { $count } مورد پس گرفته شد.
    }
