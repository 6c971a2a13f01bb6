from datetime import date, timedelta
import calendar
day = date(2024, 1, 1)
mondays = []
while day.month == 1:
    if day.weekday() == 0:
        mondays.append(day.isoformat())
    day += timedelta(days=1)
print(mondays, calendar.monthrange(2024, 2), calendar.isleap(2024), calendar.month_name[3])
