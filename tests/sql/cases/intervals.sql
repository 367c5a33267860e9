-- Intervals, and real: as PostgreSQL 15 answers.

-- case: intervals one after another
SELECT interval '1 day', '1 year 2 mons -3 days 04:05:06.789'::interval, interval '1' day, '2 hours'::interval, interval '-1 mon 3 days', 'P1Y2M3DT4H5M6S'::interval, '1 day ago'::interval, '1.5 months'::interval, '3 4:05'::interval, '100:00:00'::interval, interval '1.5 days', '1 week'::interval, '-0.5 hours'::interval, '90 minutes'::interval;
-- 1 day|1 year 2 mons -3 days +04:05:06.789|1 day|02:00:00|-1 mons +3 days|1 year 2 mons 3 days 04:05:06|-1 days|1 mon 15 days|3 days 04:05:00|100:00:00|1 day 12:00:00|7 days|-00:30:00|01:30:00
SELECT interval '1 mon' = interval '30 days', interval '1 day' < interval '25 hours', interval '24 hours' = interval '1 day', interval '1 day' > interval '2 days';
-- t|t|t|f
SELECT timestamp '2024-01-31 10:00:00' + interval '1 mon', date '2024-03-31' - interval '1 month', timestamptz '2024-01-01 00:00:00+00' + interval '1 year 2 days 03:00:00', interval '1 day' + date '2024-01-01', time '23:00:00' + interval '2 hours';
-- 2024-02-29 10:00:00|2024-02-29 00:00:00|2025-01-03 03:00:00+00|2024-01-02 00:00:00|01:00:00
SELECT timestamp '2024-03-01 12:00:00' - timestamp '2024-01-31 13:00:00', timestamptz '2024-03-01 12:00:00+00' - timestamptz '2024-03-01 13:00:00+00', date '2024-01-02' - date '2024-01-01', time '10:00:00' - time '11:30:00', timestamp '2024-01-01' + '1 day', timestamp '2024-01-02 00:00:00' - date '2024-01-01';
-- 29 days 23:00:00|-01:00:00|1|-01:30:00|2024-01-02 00:00:00|1 day
SELECT interval '1 day' + interval '2 hours', interval '1 mon' - interval '1 day', interval '1 day' / 0;
-- ERROR 22012
SELECT extract(epoch from interval '1 year 1 mon 1 day 00:00:01.5'), extract(year from interval '25 mons'), extract(month from interval '25 mons'), extract(day from interval '40 days'), extract(hour from interval '30:10:05.5'), extract(minute from interval '-30:10:05.5'), extract(second from interval '-30:10:05.5');
-- 34236001.500000|2|1|40|30|-10|-5.500000
SELECT extract(decade from interval '259 mons'), extract(century from interval '-2599 mons'), extract(millennium from interval '12000 mons'), extract(quarter from interval '16 mons'), extract(quarter from interval '-16 mons'), extract(quarter from interval '-13 mons');
-- 2|-2|1|2|0|1
SELECT extract(milliseconds from interval '1 day 00:01:02.003004'), extract(microseconds from interval '1 day 00:01:02.003004'), extract(milliseconds from interval '-00:01:02.003004'), extract(microseconds from interval '-00:01:02.003004'), extract(milliseconds from interval '-1 day'), extract(milliseconds from interval '-00:00:00.000004');
-- 2003.004|2003004|-2003.004|-2003004|0.000|-0.004
SELECT extract(week from interval '10 days');
-- ERROR 0A000
SELECT extract(epoch from timestamp '2024-01-01 00:00:00.25'), extract(epoch from date '2024-01-01'), extract(epoch from time '01:00:00'), extract(epoch from timestamptz '1960-01-01 00:00:00.5+00');
-- 1704067200.250000|1704067200|3600.000000|-315619199.500000
SELECT age(timestamp '2024-03-01', timestamp '2023-12-31'), age(timestamp '2023-12-31', timestamp '2024-03-01'), age(date '2024-02-29', date '2023-02-28'), age(timestamp '2024-01-01 01:00:00', timestamp '2023-12-31 02:00:00'), age(date '2024-05-31',date '2024-02-29');
-- 2 mons 1 day|-2 mons -1 days|1 year 1 day|23:00:00|3 mons 2 days
SELECT date_trunc('month', timestamp '2024-05-06 07:08:09'), date_trunc('hour', timestamptz '2024-05-06 07:08:09+00'), date_trunc('week', timestamp '2024-05-08 01:00:00'), date_trunc('quarter', date '2024-05-08'), date_trunc('day', timestamp '2024-05-06 07:08:09.5'), date_trunc('second', timestamp '2024-05-06 07:08:09.5');
-- 2024-05-01 00:00:00|2024-05-06 07:00:00+00|2024-05-06 00:00:00|2024-04-01 00:00:00+00|2024-05-06 00:00:00|2024-05-06 07:08:09
SELECT make_interval(days => 3, hours => 2), make_interval(1,2,3,4,5,6,7.5), make_date(2024,2,29);
-- 3 days 02:00:00|1 year 2 mons 25 days 05:06:07.5|2024-02-29
SELECT make_date(2023,2,29);
-- ERROR 22008
SELECT justify_days(interval '65 days'), justify_hours(interval '50:00:00'), justify_hours(interval '1 day -03:00:00');
-- 2 mons 5 days|2 days 02:00:00|21:00:00
SELECT to_char(timestamp '2024-05-06 07:08:09.123', 'YYYY-MM-DD HH24:MI:SS.MS'), to_char(date '2024-05-06', 'DD/MM/YYYY'), to_char(timestamptz '2024-05-06 07:08:09+00','YYYYMMDD');
-- 2024-05-06 07:08:09.123|06/05/2024|20240506
SELECT timestamptz '2024-05-06 07:08:09+00' AT TIME ZONE 'UTC', timestamp '2024-05-06 07:08:09' AT TIME ZONE 'UTC';
-- 2024-05-06 07:08:09|2024-05-06 07:08:09+00
SELECT i FROM (VALUES (interval '1 mon'),(interval '29 days'),(interval '31 days')) v(i) ORDER BY i;
-- 29 days
-- 1 mon
-- 31 days
SELECT greatest(interval '1 day', interval '23 hours'), interval '1 day' IN (interval '24 hours'), interval '1 day' BETWEEN interval '1 hour' AND interval '2 days';
-- 1 day|t|t
SELECT 'x'::interval;
-- ERROR 22007
SELECT '1 dag'::interval;
-- ERROR 22007
SELECT '1 day 1 day'::interval;
-- ERROR 22007
SELECT '1:60:00'::interval;
-- ERROR 22015
SELECT ''::interval;
-- ERROR 22007
SELECT interval '1 day' + 1;
-- ERROR 42883
CREATE TABLE iv (i interval, r real, d double precision);
INSERT INTO iv VALUES ('1 day', 0.1, 0.1), ('25:00:00', 1e10, 3), (NULL, '1.5', 2);
-- INSERT 3
SELECT i FROM iv WHERE i > '24 hours' ORDER BY i;
-- 25:00:00
SELECT r = d, r::double precision = d, r < d, r::int FROM iv ORDER BY d;
-- ERROR 22003
SELECT r + r, r * r, r - 1, r / 3::real FROM iv WHERE d = 2;
-- 3|2.25|0.5|0.5
SELECT 1e39::real;
-- ERROR 22003
SELECT '1e-50'::real;
-- ERROR 22003
SELECT -r, abs(r) FROM iv WHERE d = 2;
-- -1.5|1.5
SELECT i FROM iv WHERE i = '1 day';
-- 1 day
