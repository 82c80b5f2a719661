act-upload = بارگذاری فایل
act-upload-folder = بارگذاری پوشه
act-photo = گرفتن عکس
drop-here = برای بارگذاری در { $name } رها کنید
uploads = بارگذاری‌ها
uploads-reading = در حال خواندن موارد رهاشده…
uploads-running =
    { $files ->
        [one] در حال بارگذاری یک فایل
       *[other] در حال بارگذاری: { $ended } از { $files }
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
pause = مکث
resume = ادامه
pause-all = مکث همه
resume-all = ادامهٔ همه
retry-all = تلاش دوبارهٔ همه
clear-done = پاک کردن پایان‌یافته‌ها
show-less = نمایش کمتر
show-more = نمایش بیشتر
go-on = ادامه
decide = تصمیم
choose-again = انتخاب فایل
first = این یکی نفر بعد
pause-name = مکث { $name }
resume-name = ادامهٔ { $name }
retry-name = تلاش دوباره برای { $name }
cancel-name = لغو { $name }
upload-first = بارگذاری { $name } پیش از بقیه
copy-digest = رونوشت SHA-256 از { $name }
cancel-all-title = موارد ناتمام لغو شوند؟
cancel-all-text = از آنچه کامل نرسیده است چشم‌پوشی می‌شود. فایل‌های پایان‌یافته می‌مانند.
cancel-all = لغو بارگذاری‌ها
upload-folder = پوشه
upload-starting = در حال آغاز، { $size }
upload-sent = { $sent } از { $size }
upload-paused = مکث در { $sent } از { $size }
upload-taken = این نام گرفته شده است
upload-skipped = کنار گذاشته شد
upload-renamed = با نام { $name } ذخیره شد
upload-no-network = اتصال برقرار نیست. خودش ادامه می‌دهد.
upload-comparing = در حال مقایسه با سرور…
upload-lost = ناتمام، { $size }. برای ادامه، فایل را دوباره رها کنید.
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
notify = خبرم کن
notify-lead = این کار کمی طول می‌کشد. مرورگر پایان آن را خبر دهد؟
conflict-title = { $name } از پیش آنجاست
conflict-lead = چه کار شود؟
conflict-yours = فایل شما
conflict-there = فایل آنجا
conflict-act = ادامه
conflict-overwrite = جایگزین شود
conflict-hint-overwrite = فایل شما جای آن را می‌گیرد؛ اگر نسخه‌ها نگهداری شوند، فایل پیشین نسخهٔ قدیمی می‌شود.
conflict-rename = هر دو بمانند
conflict-hint-rename = فایل شما نامی آزاد می‌گیرد.
conflict-newer = اگر فایل شما تازه‌تر است جایگزین شود
conflict-hint-newer = وگرنه فایلی که آنجاست می‌ماند.
conflict-skip = کنار گذاشته شود
conflict-hint-skip = فایلی که آنجاست می‌ماند.
conflict-all =
    { $count ->
        [one] برای آن یکی و موارد بعدی هم همین
       *[other] برای { $count } مورد دیگر و موارد بعدی هم همین
    }
conflict-later = برای موارد بعدی هم همین
