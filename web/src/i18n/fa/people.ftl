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
