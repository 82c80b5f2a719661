chat = گفت‌وگو
chat-unread =
    { $count ->
        [one] گفت‌وگو، یک پیام نخوانده
       *[other] گفت‌وگو، { $count } پیام نخوانده
    }
chat-notice = پیام از { $name }
chat-heard = { $name }: { $text }
chat-you = شما
chat-operators = مدیران
chat-operators-hint = هر کدامشان که باشد پاسخ می‌دهد.
chat-as-operators = صندوق مشترک: همهٔ مدیران این را می‌خوانند.
chat-inbox = صندوق مشترک
chat-guest = مهمان
chat-conversations = گفت‌وگوها
chat-search = جست‌وجو در پیام‌ها
chat-search-on = جست‌وجوی پیام‌های قدیمی‌تر
chat-found =
    { $count ->
        [0] چیزی پیدا نشد
        [one] یک پیام پیدا شد
       *[other] { $count } پیام پیدا شد
    }
chat-found-none = هیچ پیامی این واژه‌ها را ندارد.
chat-begin = گفت‌وگوی تازه
chat-open = نوشتن
chat-whom = به چه کسی
chat-whom-name = کسی با نامش
chat-whom-here = کسی که همین حالا اینجاست
chat-private = از سوی خودم، نه از سوی مدیران
chat-nobody-here = اکنون کس دیگری اینجا نیست.
chat-choose-one = یک نفر را انتخاب کنید.
chat-choose = گفت‌وگویی را انتخاب کنید یا یکی تازه آغاز کنید.
chat-none = هنوز با کسی اینجا گفت‌وگو نکرده‌اید.
chat-nothing-said = هنوز چیزی گفته نشده است.
chat-more = گفت‌وگوهای قدیمی‌تر
chat-back = بازگشت به گفت‌وگوها
chat-enlarge = باز کردن در صفحهٔ کامل
chat-messages = پیام‌ها
chat-new = تازه
chat-newest = رفتن به تازه‌ترین
chat-newer =
    { $count ->
        [one] یک پیام تازه
       *[other] { $number } پیام تازه
    }
chat-write = پیام به { $name }
chat-send = فرستادن
chat-edit = ویرایش
chat-left =
    { $count ->
        [one] یک نویسه مانده است
       *[other] { $number } نویسه مانده است
    }
chat-too-long =
    { $count ->
        [one] یک نویسه زیادی است
       *[other] { $number } نویسه زیادی است
    }
chat-mark-sending = در حال فرستادن
chat-mark-sent = فرستاده شد
chat-mark-delivered = رسید
chat-mark-read = خوانده شد
chat-waiting = ارتباط قطع است. آنچه نوشته‌اید به‌محض برقراری فرستاده می‌شود.
chat-too-fast =
    { $count ->
        [one] کمی تند بود. پیام بعدی تا یک ثانیهٔ دیگر فرستاده می‌شود.
       *[other] کمی تند بود. پیام بعدی تا { $count } ثانیهٔ دیگر فرستاده می‌شود.
    }
chat-gone = { $name } رفته است.
list-colon = { ": " }
