-- Timestamps that are made, shown, counted up; intervals justified.

-- case: make_timestamp
SELECT make_timestamp(2026, 11, 22, 8, 15, 23.5), make_timestamp(2024, 2, 29, 0, 0, 0), make_timestamp(2026, 1, 1, 24, 0, 0), make_timestamp(2026, 1, 1, 23, 59, 60), make_timestamp(2026, 1, 1, 1, 2, 3.123456), make_timestamp(NULL, 1, 1, 1, 1, 1), make_timestamp(2026, 1, 1, 0, 0, '7');
-- 2026-11-22 08:15:23.5|2024-02-29 00:00:00|2026-01-02 00:00:00|2026-01-02 00:00:00|2026-01-01 01:02:03.123456|∅|2026-01-01 00:00:07
SELECT make_timestamp(2026, 2, 29, 0, 0, 0);
-- ERROR 22008
SELECT make_timestamp(2026, 13, 1, 0, 0, 0);
-- ERROR 22008
SELECT make_timestamp(2026, 1, 1, 25, 0, 0);
-- ERROR 22008
SELECT make_timestamp(2026, 1, 1, 24, 0, 1);
-- ERROR 22008
SELECT make_timestamp(2026, 1, 1, 0, 60, 0);
-- ERROR 22008
SELECT make_timestamp(2026, 1, 1, 0, 0, 61);
-- ERROR 22008
SELECT make_timestamp(2026, 1, 1, 0, 0, -1);
-- ERROR 22008
SELECT make_timestamp(0, 1, 1, 0, 0, 0);
-- ERROR 22008
-- case: names of months and days
SELECT to_char(timestamp '2026-11-22 15:04:05.678', 'Dy, DD Mon YYYY'), to_char(timestamp '2026-05-04 03:04:05', '[Day][Month][DAY][MONTH][day][month]'), to_char(date '2026-09-30', 'DY dy MON mon YY'), to_char(timestamp '2026-05-04 00:30:00', 'HH12:MI AM'), to_char(timestamp '2026-05-04 12:30:00', 'HH:MI pm'), to_char(timestamp '2026-05-04 13:30:00', 'hh12:mi PM'), to_char(timestamptz '2026-05-04 23:30:00+00', 'yyyy-mm-dd hh24:mi:ss.us am'), to_char(timestamp '2026-01-02 03:04:05.5', 'YYYYYY MS ms'), to_char(NULL::timestamp, 'Mon');
-- Sun, 22 Nov 2026|[Monday   ][May      ][MONDAY   ][MAY      ][monday   ][may      ]|WED wed SEP sep 26|12:30 AM|12:30 pm|01:30 PM|2026-05-04 23:30:00.000000 pm|202626 500 500|∅
-- case: justify_interval
SELECT justify_interval('1 mon -1 hour'), justify_interval('35 days 25 hours'), justify_interval('-35 days -25 hours'), justify_interval('1 mon -1 day'), justify_interval('-1 mon 1 day'), justify_interval('29 days 24 hours'), justify_interval('1 day -1 hour'), justify_interval('-1 day 25 hours'), justify_interval('1 mon -30 days'), justify_interval('-1 mon 1 hour'), justify_interval('0'), justify_interval(NULL);
-- 29 days 23:00:00|1 mon 6 days 01:00:00|-1 mons -6 days -01:00:00|29 days|-29 days|1 mon|23:00:00|01:00:00|00:00:00|-29 days -23:00:00|00:00:00|∅
-- case: the time of the transaction
SELECT transaction_timestamp() = now(), transaction_timestamp() = CURRENT_TIMESTAMP;
-- t|t
SELECT transaction_timestamp(1);
-- ERROR 42883
-- case: series of timestamps
SELECT * FROM generate_series(timestamp '2026-01-01', '2026-01-02', '8 hours');
-- 2026-01-01 00:00:00
-- 2026-01-01 08:00:00
-- 2026-01-01 16:00:00
-- 2026-01-02 00:00:00
SELECT g FROM generate_series(timestamp '2026-01-31', '2026-05-01', interval '1 month') g;
-- 2026-01-31 00:00:00
-- 2026-02-28 00:00:00
-- 2026-03-28 00:00:00
-- 2026-04-28 00:00:00
SELECT g FROM generate_series(timestamptz '2026-01-03 00:00+00', timestamptz '2026-01-01 00:00+00', '-1 day') AS g;
-- 2026-01-03 00:00:00+00
-- 2026-01-02 00:00:00+00
-- 2026-01-01 00:00:00+00
SELECT d::date, n FROM generate_series(date '2026-02-27', date '2026-03-02', interval '1 day') WITH ORDINALITY AS t(d, n);
-- 2026-02-27|1
-- 2026-02-28|2
-- 2026-03-01|3
-- 2026-03-02|4
SELECT g FROM generate_series(date '2026-01-01', timestamp '2026-01-01 12:00', '12 hours') g;
-- 2026-01-01 00:00:00
-- 2026-01-01 12:00:00
SELECT count(*) FROM generate_series(timestamp '2026-01-02', '2026-01-01', '1 day') g;
-- 0
SELECT count(*) FROM generate_series(timestamp '2026-01-01', NULL, '1 day') g;
-- 0
SELECT g FROM generate_series(timestamp '2026-01-01', '2026-01-02', '0 days') g;
-- ERROR 22023
SELECT g FROM generate_series(timestamp '2026-01-01', '2026-01-02') g;
-- ERROR 42883
SELECT to_char(g, 'Mon') AS m, count(*) FROM generate_series(date '2026-01-30', '2026-02-02', '1 day') g GROUP BY 1 ORDER BY 1;
-- Feb|2
-- Jan|2
SELECT g FROM generate_series(timestamp '9999-12-30', '9999-12-31', '1 day') g;
-- 9999-12-30 00:00:00
-- 9999-12-31 00:00:00
SELECT g FROM generate_series(timestamp '2026-01-01', '2026-01-02', 1) g;
-- ERROR 42883
-- case: a number without a unit stands last or in front of a clock
SELECT interval '1 -2:00', interval '1 2:03', interval '5', interval '1 day 5';
-- 1 day -02:00:00|1 day 02:03:00|00:00:05|1 day 00:00:05
SELECT interval '1 -2';
-- ERROR 22007
SELECT interval '5 1 day';
-- ERROR 22007
SELECT interval '1 2';
-- ERROR 22007
SELECT interval '1 -2 hours', interval '1.5 2 hours', interval '1 2 h';
-- 1 day -02:00:00|1 day 14:00:00|1 day 02:00:00
SELECT interval '1 2 minutes';
-- ERROR 22007
SELECT interval '2 hours 1 3 sec';
-- ERROR 22007
