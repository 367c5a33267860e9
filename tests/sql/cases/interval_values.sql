-- Intervals and what they do to dates.

-- case: intervals are spelled as PostgreSQL spells them
SELECT interval '1 day', interval '1 year 2 months 3 days', interval '04:05:06', interval '1 day 04:05:06.7', interval '-1 day', interval '90 minutes';
-- 1 day|1 year 2 mons 3 days|04:05:06|1 day 04:05:06.7|-1 days|01:30:00
SELECT interval '1 week', interval '2 hours 30 minutes', interval '1 mon -1 day', interval '0', interval '14 months', interval '1.5 days';
-- 7 days|02:30:00|1 mon -1 days|00:00:00|1 year 2 mons|1 day 12:00:00
SELECT interval '1' day, interval '2' hour, '1 day ago'::interval, interval 'P1Y2M3DT4H5M6S', interval '1 2:03';
-- 1 day|02:00:00|-1 days|1 year 2 mons 3 days 04:05:06|1 day 02:03:00

-- case: signs may stand apart, and years and months together
SELECT interval '1 month - 1 day', interval '-  1 day +  2:00', interval '1 - 2 hours', interval '- 00:10';
-- 1 mon -1 days|-1 days +02:00:00|1 day -02:00:00|-00:10:00
SELECT interval '1-2', interval '-1-2', interval '1-2 3 4:05:06', interval '1-2 1 year';
-- 1 year 2 mons|-1 years -2 mons|1 year 2 mons 3 days 04:05:06|2 years 2 mons
SELECT (date_trunc('month', date '2024-02-10') + interval '1 month - 1 day')::date;
-- 2024-02-29
SELECT interval '1-12';
-- ERROR 22015
SELECT interval '1-2-3';
-- ERROR 22007
SELECT interval '1-2 1 month';
-- ERROR 22007
SELECT interval '- - 1 day';
-- ERROR 22007
SELECT interval '1 day -';
-- ERROR 22007

-- case: what is no interval
SELECT interval 'nonsense';
-- ERROR 22007
SELECT '1 fortnightish'::interval;
-- ERROR 22007

-- case: intervals move timestamps
SELECT timestamp '2024-01-31 10:00' + interval '1 month', timestamp '2024-03-31 10:00' - interval '1 month', timestamp '2024-02-29 10:00' + interval '1 year', timestamp '2024-01-01 00:00' + interval '36 hours';
-- 2024-02-29 10:00:00|2024-02-29 10:00:00|2025-02-28 10:00:00|2024-01-02 12:00:00

-- case: intervals move dates
SELECT date '2024-01-31' + interval '1 month', date '2024-03-01' - interval '1 day';
-- 2024-02-29 00:00:00|2024-02-29 00:00:00

-- case: intervals move times of a zone
SELECT timestamptz '2024-01-31 10:00+00' + interval '1 day 2 hours';
-- 2024-02-01 12:00:00+00

-- case: timestamps differ by intervals
SELECT timestamp '2024-03-01 12:00' - timestamp '2024-02-28 10:30', timestamp '2024-01-01' - timestamp '2024-01-02 01:00', timestamptz '2024-01-02 00:00+00' - timestamptz '2024-01-01 00:00+00';
-- 2 days 01:30:00|-1 days -01:00:00|1 day

-- case: intervals are added and multiplied
SELECT interval '1 day' + interval '2 hours', interval '1 month' - interval '1 day', interval '1 day' * 3, 2 * interval '90 minutes', - interval '1 day 1 hour', interval '1 hour' / 2;
-- 1 day 02:00:00|1 mon -1 days|3 days|03:00:00|-1 days -01:00:00|00:30:00

-- case: intervals are compared by months of thirty days
SELECT interval '1 month' = interval '30 days', interval '1 day' = interval '24 hours', interval '1 day' > interval '23 hours', interval '1 year' < interval '13 months';
-- t|t|t|t

-- case: parts of intervals
SELECT extract(day FROM interval '3 days 04:05:06'), extract(hour FROM interval '3 days 04:05:06'), extract(month FROM interval '14 months'), extract(epoch FROM interval '1 day');
-- 3|4|2|86400.000000

-- case: age
SELECT age(timestamp '2024-03-01', timestamp '2023-01-15'), age(date '2024-05-06', date '2024-05-01');
-- 1 year 1 mon 17 days|5 days

-- case: make_interval and justify
SELECT make_interval(days => 3), make_interval(0, 1, 0, 2, 3), justify_hours(interval '30 hours'), justify_days(interval '40 days');
-- 3 days|1 mon 2 days 03:00:00|1 day 06:00:00|1 mon 10 days

-- case: columns of intervals
CREATE TABLE term (id int PRIMARY KEY, length interval NOT NULL);
INSERT INTO term VALUES (1, '1 month'), (2, '29 days'), (3, '31 days');
-- INSERT 3
SELECT id, length FROM term ORDER BY length, id;
-- 2|29 days
-- 1|1 mon
-- 3|31 days
SELECT id, date '2024-01-31' + length FROM term ORDER BY id;
-- 1|2024-02-29 00:00:00
-- 2|2024-02-29 00:00:00
-- 3|2024-03-02 00:00:00
SELECT max(length), min(length) FROM term;
-- 1 mon 1 day|29 days
-- differs: give the one with the greatest units
-- 31 days|29 days

-- case: the whole of interval and text
SELECT (interval '1 day')::text, '1 day'::text::interval, 'in ' || interval '2 days';
-- 1 day|1 day|in 2 days
