preview-place = { $at } از { $count }
preview-previous = فایل قبلی
preview-next = فایل بعدی
preview-as = شیوهٔ نمایش
preview-as-image = تصویر
preview-as-drawn = تصویر
preview-as-pages = صفحه‌ها
preview-as-document = سند
preview-as-table = جدول
preview-as-text = متن
preview-as-audio = صدا
preview-as-video = ویدئو
preview-as-hex = بایت‌ها
preview-as-guess = خودکار
preview-gone = این فایل دیگر اینجا نیست.
preview-gone-version = این نسخه دیگر نگه داشته نمی‌شود.
preview-version = نسخهٔ { $time }
preview-empty = این فایل خالی است.
preview-failed = این فایل را نمی‌توان اینجا نشان داد
preview-failed-image = آسیب دیده است یا از نوعی است که این مرورگر نمی‌شناسد.
preview-failed-media = آسیب دیده است یا از نوعی است که این مرورگر نمی‌تواند پخش کند.
preview-failed-pdf = آسیب دیده است یا PDF نیست.
preview-locked = با گذرواژه محافظت شده است.
preview-zoom = اندازهٔ تصویر
preview-zoom-in = بزرگ‌تر
preview-zoom-out = کوچک‌تر
preview-zoom-fit = هم‌اندازهٔ پنجره
preview-zoom-full = اندازهٔ واقعی
preview-part = { $shown } از { $size } نشان داده شده است.
preview-more = نمایش بیشتر
preview-wrap = شکستن سطرهای بلند
preview-row = ردیف
preview-rows =
    { $count ->
        [one] { $count } ردیف
       *[other] { $count } ردیف
    }
preview-page = صفحهٔ { $number }
preview-pages = صفحهٔ { $at } از { $count }
preview-find = یافتن
preview-find-next = مورد بعدی
preview-find-previous = مورد قبلی
preview-find-close = بستن جست‌وجو
preview-find-none = چیزی پیدا نشد
preview-find-busy =
    { $count ->
        [0] در حال جست‌وجو…
        [one] تا اینجا { $count } مورد…
       *[other] تا اینجا { $count } مورد…
    }
preview-find-unlettered = متنی در آن نیست و صفحه‌ها فقط تصویرند.
preview-hex-text = نویسه‌ها
