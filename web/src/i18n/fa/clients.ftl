grid-pick = انتخاب‌شده
clients = کاربران متصل
clients-summary =
    { $count ->
        [one] { $count } متصل، { $moving } در حال انتقال
       *[other] { $count } متصل، { $moving } در حال انتقال
    }
clients-search = جست‌وجوی نام، نشانی، فایل
clients-every-door = همهٔ درگاه‌ها
clients-every-state = همهٔ وضعیت‌ها
clients-sort = مرتب‌سازی
clients-sorted = ترتیب: { $column }
clients-none = کسی با این مشخصات متصل نیست.
clients-show-all = نمایش همه
clients-client = کاربر
clients-from = از
clients-state = وضعیت
clients-file = فایل
clients-rate = سرعت
clients-since = از زمان
clients-kind = نوع
clients-door = درگاه
clients-address = نشانی
clients-agent = برنامه
clients-certificate = دستگاه
clients-certificate-number = گواهی { $number }
clients-session = نشست
clients-progress = پیشرفت
clients-files = فایل‌های هم‌زمان
clients-eta = زمان باقی‌مانده
clients-received = بارگذاری‌شده از آن زمان
clients-sent = دریافت‌شده از آن زمان
clients-left = رفته است
clients-you = شما
clients-guest = مهمان
clients-unknown = هنوز وارد نشده
clients-of = { $done } از { $size }، { $percent }
clients-share = { $percent } از { $size }
clients-more =
    { $count ->
        [one] و { $count } فایل دیگر
       *[other] و { $count } فایل دیگر
    }
clients-warn = هشدار
clients-warn-all = هشدار به همه
clients-chat = گفت‌وگو
clients-pause = مکث
clients-resume = ادامه
clients-kick = قطع اتصال
clients-log = در رویدادنامه
clients-warned =
    { $count ->
        [one] به { $name } هشدار داده شد.
       *[other] به { $count } نفر هشدار داده شد.
    }
clients-warning = هشدار
clients-warning-open = فرستاده‌شده { $at }، هنوز تأیید نشده
clients-warning-read = تأییدشده { $at }
clients-acknowledged = { $name } هشدار شما را تأیید کرد.
clients-kicked =
    { $count ->
        [one] اتصال { $name } قطع شد.
       *[other] اتصال { $count } کاربر قطع شد.
    }
clients-paused =
    { $count ->
        [one] انتقال‌های { $name } متوقف شد.
       *[other] انتقال‌های { $count } کاربر متوقف شد.
    }
clients-resumed =
    { $count ->
        [one] انتقال‌های { $name } ادامه می‌یابد.
       *[other] انتقال‌های { $count } کاربر ادامه می‌یابد.
    }
door-http = وب
door-ftps = FTPS
doing-signing-in = در حال ورود
doing-idle = بی‌کار
doing-listing = در حال مرور
doing-downloading = در حال دریافت
doing-uploading = در حال بارگذاری
doing-paused = در مکث
doing-chatting = در گفت‌وگو
kind-account = حساب کاربری
kind-visitor = بازدیدکنندهٔ پیوند
kind-token = توکن API
kind-guest = مهمان
kind-unknown = وارد نشده
kick-title =
    { $count ->
        [one] اتصال { $name } قطع شود؟
       *[other] اتصال { $count } کاربر قطع شود؟
    }
kick-text =
    { $count ->
        [one] نشست پایان می‌یابد و انتقال‌هایش ظرف یک ثانیه می‌ایستد.
       *[other] نشست‌ها پایان می‌یابد و انتقال‌هایشان ظرف یک ثانیه می‌ایستد.
    }
kick-reason = دلیل
kick-reason-hint = به کسی که اتصالش قطع می‌شود نشان داده می‌شود. می‌تواند خالی بماند.
kick-block = جلوگیری از ورود دوباره
kick-no-block = می‌تواند بی‌درنگ دوباره وارد شود
kick-block-10 = برای ۱۰ دقیقه
kick-block-60 = برای یک ساعت
kick-block-1440 = برای یک روز
kick-block-10080 = برای یک هفته
kick-address = این نشانی برای همهٔ کسانی که پشت آن‌اند هم بسته شود
warn-title =
    { $count ->
        [one] هشدار به { $name }
       *[other] هشدار به { $count } کاربر
    }
warn-text = تا وقتی تأیید نشود روی صفحه می‌ماند.
warn-words = هشدار
warn-needed = بنویسید هشدار دربارهٔ چیست.
warn-send = فرستادن هشدار
warnings-sent = هشدارهای فرستاده‌شده
warnings-lead = به چه کسی چه هشداری داده شد و کی آن را تأیید کرد.
warnings-none = در ماه گذشته به کسی هشدار داده نشده است.
warnings-to = به
warnings-text = هشدار
warnings-author = از
warnings-created = زمان فرستادن
warnings-read = زمان تأیید
warnings-open = هنوز نه
