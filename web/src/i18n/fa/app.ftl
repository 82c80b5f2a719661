app-name = انتقال امن فایل
sign-in = ورود
sign-in-lead = فایل‌ها اینجا از راه اتصال‌های رمزنگاری‌شده و تأییدشده جابه‌جا می‌شوند و مهرشده نگهداری می‌شوند.
sign-out = خروج
name = نام
password = گذرواژه
show = نمایش
hide = پنهان
code = کد
code-hint = شش رقم از برنامهٔ احراز هویت، یا یک کد بازیابی.
code-needed = کد عامل دوم را وارد کنید.
name-needed = نام خود را وارد کنید.
password-needed = گذرواژهٔ خود را وارد کنید.
waiting-for-setup = این سرور در انتظار نخستین مدیر خود است.
waiting-for-setup-hint = پیوند راه‌اندازی را که هنگام شروع سرور چاپ شد باز کنید.
connect-otherwise = خط فرمان، FTPS و گواهی
files = فایل‌ها
account-menu = حساب کاربری
signed-in-as = با نام { $name } وارد شده‌اید
language = زبان
theme = پوسته
theme-system = سیستم
theme-light = روشن
theme-dark = تیره
home-folder = خانه
shared-folder = هم‌رسانی‌شده با من
breadcrumb = پوشه‌های مسیر
new-folder = پوشهٔ تازه
new-folder-name = نام پوشه
create = ساختن
rename = تغییر نام
rename-title = تغییر نام { $name }
new-name = نام تازه
delete = حذف
delete-title =
    { $count ->
        [one] { $name } حذف شود؟
       *[other] { $count } مورد حذف شود؟
    }
delete-text = برای همه حذف می‌شود و بازگشتی ندارد.
cancel = انصراف
close = بستن
download = دریافت
download-zip = دریافت به‌صورت ZIP
retry = تلاش دوباره
selected =
    { $count ->
        [one] { $count } انتخاب‌شده
       *[other] { $count } انتخاب‌شده
    }
clear-selection = پاک کردن انتخاب
column-name = نام
column-size = اندازه
column-modified = تغییر
empty-title = هنوز چیزی اینجا نیست
empty-text = آنچه در این پوشه گذاشته شود اینجا دیده می‌شود.
usage = { $used } استفاده‌شده، { $free } آزاد
failed-offline = سرور در دسترس نیست. شبکه را بررسی کنید و دوباره بکوشید.
failed-unknown = انجام نشد.
folder-made = پوشهٔ { $name } ساخته شد.
renamed = نام به { $name } تغییر کرد.
deleted =
    { $count ->
        [one] { $name } حذف شد.
       *[other] { $count } مورد حذف شد.
    }
skip-to-content = رفتن به محتوا
menu = فهرست
operations = اداره
new-things = تازه:
no-such-page = چنین صفحه‌ای اینجا نیست.
copied = رونوشت شد
