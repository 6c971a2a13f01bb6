from datetime import date, timedelta
def days(start, end):
    while start <= end:
        yield start
        start += timedelta(days=1)
weekdays = [d for d in days(date(2024, 2, 26), date(2024, 3, 4)) if d.weekday() < 5]
print(len(weekdays), weekdays[0], weekdays[-1].strftime("%d.%m."), [d.day for d in days(date(2024, 2, 28), date(2024, 3, 1))])
