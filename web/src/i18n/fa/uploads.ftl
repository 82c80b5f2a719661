act-upload = بارگذاری فایل
act-upload-folder = بارگذاری پوشه
act-photo = گرفتن عکس
upload-drop-here = برای بارگذاری در { $name } رها کنید
uploads = بارگذاری‌ها
uploads-reading = در حال خواندن موارد رهاشده…
uploads-running =
    { $files ->
        [one] در حال بارگذاری یک فایل
       *[other] در حال بارگذاری: { $ended } از { $files }
    }
uploads-held =
    { $count ->
        [one] یک بارگذاری در انتظار است
       *[other] { $count } بارگذاری در انتظار است
    }
uploads-asking =
    { $count ->
        [one] فایلی با این نام از پیش آنجاست.
       *[other] { $count } نام از پیش آنجاست.
    }
uploads-failed =
    { $count ->
        [one] { $count } بارگذاری ناموفق بود
       *[other] { $count } بارگذاری ناموفق بود
    }
uploads-paused =
    { $count ->
        [one] { $count } بارگذاری متوقف است
       *[other] { $count } بارگذاری متوقف است
    }
uploads-lost =
    { $count ->
        [one] { $count } بارگذاری ناتمام است
       *[other] { $count } بارگذاری ناتمام است
    }
uploads-done =
    { $count ->
        [one] { $count } بارگذاری به پایان رسید
       *[other] { $count } بارگذاری به پایان رسید
    }
uploads-ended = { $count } پایان‌یافته
uploads-close = بستن بارگذاری‌ها
upload-rate = { $rate } در ثانیه
upload-left = { $time } مانده
upload-pause = مکث
upload-resume = ادامه
upload-pause-all = مکث همه
upload-resume-all = ادامهٔ همه
upload-retry-all = تلاش دوبارهٔ همه
upload-clear-done = پاک کردن پایان‌یافته‌ها
upload-show-less = نمایش کمتر
upload-show-more = نمایش بیشتر
upload-go-on = ادامه
upload-decide = تصمیم
upload-choose-again = انتخاب فایل
upload-first = این یکی نفر بعد
upload-pause-name = مکث { $name }
upload-resume-name = ادامهٔ { $name }
upload-retry-name = تلاش دوباره برای { $name }
upload-cancel-name = لغو { $name }
upload-first-name = بارگذاری { $name } پیش از بقیه
upload-copy-digest = رونوشت SHA-256 از { $name }
upload-cancel-all-title = موارد ناتمام لغو شوند؟
upload-cancel-all-text = از آنچه کامل نرسیده است چشم‌پوشی می‌شود. فایل‌های پایان‌یافته می‌مانند.
upload-cancel-all = لغو بارگذاری‌ها
upload-folder = پوشه
upload-starting = در حال آغاز، { $size }
upload-sent = { $sent } از { $size }
upload-paused = مکث در { $sent } از { $size }
upload-taken = این نام گرفته شده است
upload-skipped = کنار گذاشته شد
upload-renamed = با نام { $name } ذخیره شد
upload-no-network = اتصال برقرار نیست. خودش ادامه می‌دهد.
upload-held-busy = سرور سرش شلوغ است. خودش ادامه می‌دهد.
upload-held-operator = یکی از مدیران آن را نگه داشته است. خودش ادامه می‌دهد.
upload-comparing = در حال مقایسه با سرور…
upload-lost = ناتمام، { $size }. برای ادامه، فایل را دوباره رها کنید.
upload-lost-here = ناتمام، { $size }. مرورگر هنوز فایل را می‌شناسد.
upload-other-file = این همان فایلی نیست که { $name } با آن آغاز شده بود.
upload-checked = ذخیره و مقایسه شد: SHA-256 در اینجا و آنجا یکی است
upload-stored = ذخیره شد
upload-unreadable = فایل دیگر خواندنی نیست.
upload-unreadable-hint = در این دستگاه تغییر کرده، جابه‌جا شده یا حذف شده است. دوباره انتخابش کنید.
upload-differs = فایل ذخیره‌شده با فایل اینجا فرق دارد.
upload-differs-hint = شاید هنگام فرستادن تغییر کرده باشد. دوباره بارگذاری‌اش کنید.
upload-unclear = اتصال درست در پایان کار قطع شد.
upload-unclear-hint = ببینید فایل در پوشه هست یا نه؛ اگر نیست دوباره بکوشید.
upload-ended-all =
    { $count ->
        [one] { $count } بارگذاری به پایان رسید
       *[other] { $count } بارگذاری به پایان رسید
    }
upload-ended-some =
    { $count ->
        [one] بارگذاری‌ها پایان یافت؛ { $count } مورد نیازمند بررسی است
       *[other] بارگذاری‌ها پایان یافت؛ { $count } مورد نیازمند بررسی است
    }
upload-notify = خبرم کن
upload-notify-lead = این کار کمی طول می‌کشد. مرورگر پایان آن را خبر دهد؟
upload-conflict-title = { $name } از پیش آنجاست
upload-conflict-lead = چه کار شود؟
upload-conflict-yours = فایل شما
upload-conflict-there = فایل آنجا
upload-conflict-act = ادامه
upload-conflict-overwrite = جایگزین شود
upload-conflict-hint-overwrite = فایل شما جای آن را می‌گیرد؛ اگر نسخه‌ها نگهداری شوند، فایل پیشین نسخهٔ قدیمی می‌شود.
upload-conflict-rename = هر دو بمانند
upload-conflict-hint-rename = فایل شما نامی آزاد می‌گیرد.
upload-conflict-newer = اگر فایل شما تازه‌تر است جایگزین شود
upload-conflict-hint-newer = وگرنه فایلی که آنجاست می‌ماند.
upload-conflict-skip = کنار گذاشته شود
upload-conflict-hint-skip = فایلی که آنجاست می‌ماند.
upload-conflict-all =
    { $count ->
        [one] برای آن یکی و موارد بعدی هم همین
       *[other] برای { $count } مورد دیگر و موارد بعدی هم همین
    }
upload-conflict-later = برای موارد بعدی هم همین
