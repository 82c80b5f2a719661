dash = نمای کلی
dash-since = نسخهٔ { $version }، { $span } در حال کار
dash-transfers = انتقال‌های اکنون
dash-transfers-ways = { $up } بارگذاری، { $down } دریافت
dash-waiting =
    { $count ->
        [one] { $count } انتقال در نوبت
       *[other] { $count } انتقال در نوبت
    }
dash-up = بارگذاری
dash-down = دریافت
dash-moved = { $size } از آغاز کار
dash-stored = ذخیره‌شده و مهرشده
dash-files =
    { $count ->
        [one] در { $count } فایل
       *[other] در { $count } فایل
    }
dash-free = فضای آزاد
dash-free-text = روی دیسک سرور
dash-chart = گذردهی
dash-chart-said = در { $span } گذشته: بارگذاری به‌طور میانگین { $up } و حداکثر { $upmost }، دریافت به‌طور میانگین { $down } و حداکثر { $downmost }.
dash-certificate = اعتبار گواهی سرور در { $time } به پایان می‌رسد.
dash-recent = خطاها و ردشده‌های تازه
dash-recent-none = به‌تازگی خطایی رخ نداده است.
dash-log = در رویدادنامه
dash-maintenance = حالت نگهداری: انتقال تازه‌ای آغاز نمی‌شود
dash-stopping-after = سرور پس از پایان انتقال‌های جاری می‌ایستد.
dash-stopping-now = سرور در حال ایستادن است.
severity-debug = جزئیات
severity-info = آگاهی
severity-warning = هشدار
severity-error = خطا
