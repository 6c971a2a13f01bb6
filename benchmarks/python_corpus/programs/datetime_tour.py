from datetime import date, datetime, timedelta
d = datetime(2024, 2, 28, 22, 30)
print(d + timedelta(days=2, hours=3), d.strftime("%d/%m/%Y %H:%M"), d.isoformat(), d.weekday(), d.date())
print((date(2024, 12, 25) - date(2024, 2, 1)).days, date(2024, 1, 31).replace(day=1), date.fromisoformat("2024-03-10").strftime("%A, %B %d"))
print(datetime.strptime("10 Mar 2024", "%d %b %Y"), datetime.fromisoformat("2024-01-02T03:04:05"), timedelta(minutes=135))
print(d.year, d.month, d.day, d.hour, d.replace(hour=0), d < datetime(2025, 1, 1), str(timedelta(seconds=90061)))
print(date(2024, 1, 1).isocalendar()[1], date(2024, 2, 29).timetuple().tm_yday)
