session-ended-operator = یکی از مدیران به نشست شما پایان داده است.
session-ended-time = زمان نشست شما به سر رسیده است. برای ادامه دوباره وارد شوید.
session-ended-elsewhere = از حساب خارج شدید: نشست از جای دیگری بسته شده یا گذرواژه تغییر کرده است.
session-ended-draft = آنچه هنوز نفرستاده‌اید تا ورود دوباره در همین زبانه می‌ماند.
warning = هشدار
warning-more =
    { $count ->
        [one] یکی دیگر در پی است
       *[other] { $count } تای دیگر در پی است
    }
warning-from = از { $name }
warning-read = خواندم
account = حساب کاربری
account-profile = مشخصات
account-security = عامل دوم
account-sessions = نشست‌ها
account-devices = دستگاه‌ها
account-tokens = توکن‌های API
account-preferences = تنظیمات شخصی
account-open = حساب من
account-who = شما در این سرور
account-name = نام
account-role = نقش
account-since = زمان ورود
account-address = از نشانی
account-space = فضای ذخیره‌سازی
role-admin = مدیر
role-user = کاربر
space-free = { $used } استفاده‌شده، { $free } آزاد
space-quota = { $used } از { $quota } استفاده شده
space-files =
    { $count ->
        [one] { $number } فایل
       *[other] { $number } فایل
    }
space-files-quota = { $number } از { $quota } فایل
password-change = تغییر گذرواژه
password-change-lead = با این کار همهٔ نشست‌های دیگرتان بسته می‌شود و همین یکی می‌ماند.
password-old = گذرواژهٔ کنونی
password-new = گذرواژهٔ تازه
password-new-hint = چند واژهٔ پشت سر هم، هم به‌اندازهٔ کافی بلند است و هم به یاد می‌ماند.
password-new-needed = گذرواژهٔ تازه را وارد کنید.
password-wrong = این گذرواژهٔ شما نیست.
password-changed =
    { $count ->
        [0] گذرواژه تغییر کرد. نشست دیگری باز نبود.
        [one] گذرواژه تغییر کرد و یک نشست دیگر بسته شد.
       *[other] گذرواژه تغییر کرد و { $count } نشست دیگر بسته شد.
    }
sessions-lead = جاهایی که هم‌اکنون در آن‌ها وارد شده‌اید.
sessions-none = نشستی باز نیست.
sessions-end-others = بستن همهٔ نشست‌های دیگر
sessions-end-others-title =
    { $count ->
        [one] یک نشست دیگر بسته شود؟
       *[other] { $count } نشست دیگر بسته شود؟
    }
sessions-ended =
    { $count ->
        [one] یک نشست بسته شد.
       *[other] { $count } نشست بسته شد.
    }
session-program = برنامه
session-since = از
session-seen = آخرین فعالیت
session-current = همین نشست
session-end = بستن
session-end-of = { $name } بسته شود؟
session-end-text = هر انتقالی که در آن در جریان است نیز می‌ایستد.
session-end-this = این همان نشستی است که در آن هستید: از حساب خارج می‌شوید.
session-was-ended = { $name } بسته شد.
session-visitor = { $name }، بازدیدکنندهٔ پیوند شما
session-on = { $name } روی { $system }
session-unknown = برنامهٔ ناشناس
devices-lead = رایانه‌هایی که با گواهی خودشان و بی‌گذرواژهٔ شما وارد می‌شوند.
devices-none = هنوز هیچ دستگاهی گواهی ندارد.
devices-off = این سرور از کسی گواهی نمی‌خواهد.
device-add = افزودن دستگاه
device-name = نام
device-seen = آخرین استفاده
device-unseen = هرگز
device-expires = معتبر تا
device-fingerprint = اثر انگشت
device-fingerprint-copy = رونوشت از اثر انگشت
device-revoke = ابطال
device-revoke-of = { $name } باطل شود؟
device-revoke-text = از آن پس گواهی‌اش پذیرفته نمی‌شود و انتقال‌هایش می‌ایستد. می‌توان آن را دوباره افزود.
device-was-revoked = { $name } باطل شد.
device-status-expired = منقضی‌شده
device-status-revoked = باطل‌شده
device-step-install = خط فرمان را روی آن نصب کنید.
device-step-command = این فرمان را آنجا اجرا کنید:
device-step-code = وقتی پرسید، این کد را وارد کنید. { $minutes } دقیقه و برای یک دستگاه معتبر است.
device-command-copy = رونوشت از فرمان
device-code-copy = رونوشت از کد
device-code-once = این کد دوباره نشان داده نمی‌شود. کلید روی خود دستگاه ساخته می‌شود و از آن بیرون نمی‌رود.
totp = عامل دوم هنگام ورود
totp-lead = افزون بر گذرواژه، کدی از برنامه‌ای روی تلفن شما: آنگاه گذرواژه به‌تنهایی دری را باز نمی‌کند.
totp-off = خاموش است. گذرواژه به‌تنهایی برای ورود بس است.
totp-on = روشن است. هر ورود یک کد می‌خواهد.
totp-begin = راه‌اندازی
totp-password-hint = یک بار دیگر، تا کسی پشت صفحه‌ای که رها کرده‌اید این کار را نکند.
totp-next = بعدی
totp-scan = این را با برنامهٔ احراز هویت بخوانید و سپس کدی را که نشان می‌دهد وارد کنید.
totp-qr = کد QR برای برنامهٔ احراز هویت
totp-key = یا کلید را وارد کنید:
totp-key-copy = رونوشت از کلید
totp-code-hint = شش رقم که هر ۳۰ ثانیه عوض می‌شود.
totp-confirm = روشن کردن
totp-disable = خاموش کردن
totp-disable-text = از آن پس گذرواژه به‌تنهایی برای ورود بس است.
totp-was-disabled = عامل دوم خاموش شد.
code-wrong = این کد نادرست است یا پیش‌تر به کار رفته. هر کد یک بار کار می‌کند.
recovery = کدهای بازیابی
recovery-lead = هر کدام یک بار شما را وارد می‌کند، برای روزی که تلفن در دسترس نیست. فقط همین حالا نشان داده می‌شوند: آن‌ها را جایی امن نگه دارید.
recovery-left =
    { $count ->
        [0] هیچ کد بازیابی نمانده است.
        [one] یک کد بازیابی مانده است.
       *[other] { $number } کد بازیابی مانده است.
    }
recovery-renew = کدهای بازیابی تازه
recovery-renew-text = کدهای پیشین دیگر کار نمی‌کنند.
recovery-copy = رونوشت از کدها
recovery-save = ذخیره
recovery-print = چاپ
recovery-kept = نگهشان داشتم
tokens-lead = برای برنامه‌هایی که خودشان وارد می‌شوند: درست برای همان کاری که دارند و همان زمانی که لازم است.
tokens-none = هنوز توکنی نساخته‌اید.
token-make = توکن تازه
token-name = نام
token-name-hint = برای چه کاری است، مانند پشتیبان‌گیری شبانه.
token-name-needed = نامی وارد کنید.
token-may = اجازه دارد
token-scope-needed = انتخاب کنید که چه کاری از آن برآید.
token-path = در پوشهٔ
token-path-hint = چیزی بالاتر یا کنار آن را نمی‌بیند.
token-expires = پایان اعتبار
token-password-hint = یک بار دیگر، تا یک نشست باز به‌تنهایی چیزی ماندگار نسازد.
token-made = { $name } ساخته شد. فقط همین حالا نشان داده می‌شود:
token-copy = رونوشت از توکن
token-seen = آخرین استفاده
token-unseen = هرگز
token-never = هرگز
token-expired = منقضی‌شده
token-below = زیر { $path }
token-revoke = ابطال
token-revoke-of = { $name } باطل شود؟
token-revoke-text = برنامه‌هایی که از آن استفاده می‌کنند همان دم پذیرفته نمی‌شوند.
token-was-revoked = { $name } باطل شد.
list-comma = { "، " }
scope-files-read = خواندن فایل‌ها
scope-files-write = نوشتن فایل‌ها
scope-files-delete = حذف فایل‌ها
scope-shares = هم‌رسانی
scope-admin = ادارهٔ سرور
span-week = ۷ روز دیگر
span-month = ۳۰ روز دیگر
span-quarter = ۹۰ روز دیگر
span-year = یک سال دیگر
span-never = هرگز
preferences-lead = این‌ها در همین مرورگر برقرارند.
notices = اعلان‌ها
notices-hint = وقتی پیام یا هشداری می‌رسد و شما جای دیگری را نگاه می‌کنید.
notices-refused = مرورگر برای این صفحه اجازه نمی‌دهد؛ از تنظیمات آن می‌شود تغییرش داد.
