jobs = کارها
jobs-lead = کارهای طولانی را سرور خودش انجام می‌دهد، چه این صفحه باز باشد چه نباشد.
jobs-whose = کارهای چه کسی
jobs-mine = کارهای من
jobs-all = کارهای همه
jobs-none = کاری نیست. رونوشت‌ها، بایگانی‌ها و بررسی‌های بزرگ اینجا دیده می‌شوند.
jobs-running = در جریان
jobs-ended = پایان‌یافته
jobs-verify = بررسی فایل‌ها
jobs-verify-text = هر فایل خوانده می‌شود، مهرش باز می‌شود و با SHA-256 آن سنجیده می‌شود.
jobs-path = پوشه یا فایل
jobs-path-hint = / یعنی همهٔ آنچه از آن شماست.
jobs-everything = همهٔ فایل‌های همه
jobs-begin = آغاز
jobs-cancel = لغو
jobs-download = دریافت
jobs-details = جزئیات
jobs-forget = برداشتن از فهرست
jobs-open = باز کردن پوشه
jobs-copy = رونوشت SHA-256
jobs-to = به
jobs-more =
    { $count ->
        [one] و { $count } مورد دیگر
       *[other] و { $count } مورد دیگر
    }
jobs-of = { $done } از { $size }
jobs-left = { $span } مانده
jobs-items =
    { $count ->
        [one] { $count } مورد، { $size }
       *[other] { $count } مورد، { $size }
    }
jobs-all-drives = روی همهٔ درایوها
jobs-sound =
    { $count ->
        [0] چیزی برای بررسی نبود
        [one] { $count } فایل سالم است
       *[other] هر { $count } فایل سالم‌اند
    }
jobs-damaged = فایل‌های آسیب‌دیده
jobs-damaged-files =
    { $count ->
        [one] { $count } فایل آسیب دیده است
       *[other] { $count } فایل آسیب دیده‌اند
    }
jobs-damaged-more = و { $number } فایل دیگر
jobs-state = وضعیت
jobs-owner = حساب
jobs-made = نتیجه
jobs-amount = انجام‌شده
jobs-began = آغاز
jobs-took = مدت
jobs-error = خطا
jobs-kind-copy = رونوشت
jobs-kind-move = جابه‌جایی
jobs-kind-zip = بایگانی ZIP
jobs-kind-verify = بررسی
jobs-is-waiting = در نوبت
jobs-is-running = در جریان
jobs-is-cancelling = در حال لغو
jobs-is-done = انجام شد
jobs-is-failed = ناموفق
jobs-is-cancelled = لغو شد
jobs-is-interrupted = ناتمام ماند
