-- Dates, times, timestamps.

-- case: dates are read in ISO form
SELECT '2024-02-29'::date, date '2024-12-31', '0001-01-01'::date, '9999-12-31'::date;
-- 2024-02-29|2024-12-31|0001-01-01|9999-12-31
SELECT '2023-02-29'::date;
-- ERROR 22008
SELECT '2024-13-01'::date;
-- ERROR 22008
SELECT 'nonsense'::date;
-- ERROR 22007
SELECT '20240506'::date;
-- ERROR 22007
-- differs: Whatever is not listed here is refused
-- 2024-05-06

-- case: days are added to dates
SELECT date '2024-01-31' + 1, date '2024-03-01' - 1, 7 + date '2024-01-01', date '2024-03-01' - date '2024-02-01';
-- 2024-02-01|2024-02-29|2024-01-08|29

-- case: times are read
SELECT '07:08'::time, '23:59:59.5'::time, '07:08:09.123456'::time;
-- 07:08:00|23:59:59.5|07:08:09.123456
SELECT '25:00'::time;
-- ERROR 22008
SELECT '24:00'::time;
-- ERROR 22008
-- differs: Whatever is not listed here is refused
-- 24:00:00
SELECT '07:08:09.1234567'::time;
-- ERROR 22007
-- differs: Whatever is not listed here is refused
-- 07:08:09.123457

-- case: timestamps are read
SELECT '2024-05-06 07:08'::timestamp, '2024-05-06T07:08:09.120'::timestamp, '2024-05-06'::timestamp;
-- 2024-05-06 07:08:00|2024-05-06 07:08:09.12|2024-05-06 00:00:00
SELECT '2024-05-06 07:08:09+02'::timestamptz, '2024-05-06 07:08:09'::timestamptz, '2024-05-06 07:08:09.5 -03:30'::timestamptz, '2024-05-06 07:08:09Z'::timestamptz;
-- 2024-05-06 05:08:09+00|2024-05-06 07:08:09+00|2024-05-06 10:38:09.5+00|2024-05-06 07:08:09+00

-- case: parts of dates
SELECT extract(year FROM date '2024-05-06'), extract(month FROM date '2024-05-06'), extract(day FROM date '2024-05-06'), extract(dow FROM date '2024-05-05'), extract(isodow FROM date '2024-05-05'), extract(doy FROM date '2024-12-31');
-- 2024|5|6|0|7|366
SELECT extract(quarter FROM date '2024-05-06'), extract(week FROM date '2021-01-03'), extract(isoyear FROM date '2021-01-03');
-- 2|53|2020
SELECT extract(century FROM date '2024-05-06'), extract(decade FROM date '2024-05-06');
-- 21|202
SELECT extract(century FROM date '2000-12-31'), extract(century FROM date '2001-01-01'), extract(century FROM date '0001-01-01'), extract(century FROM date '0100-01-01');
-- 20|21|1|1
SELECT extract(millennium FROM date '2000-12-31'), extract(millennium FROM timestamp '2001-01-01 00:00:00'), extract(decade FROM timestamptz '1999-12-31 23:00:00+00'), extract(decade FROM date '0009-01-01');
-- 2|3|199|0

-- case: parts of timestamps
SELECT extract(hour FROM timestamp '2024-05-06 07:08:09.25'), extract(minute FROM timestamp '2024-05-06 07:08:09.25'), extract(second FROM timestamp '2024-05-06 07:08:09.25'), extract(hour FROM time '23:01');
-- 7|8|9.250000|23
SELECT extract(epoch FROM timestamptz '2024-05-06 07:08:09.25+00');
-- 1714979289.250000
SELECT extract(milliseconds FROM time '00:00:01.5');
-- 1500.000
SELECT extract(microseconds FROM time '01:02:03.000004'), extract(milliseconds FROM timestamp '2024-05-06 07:08:59.999999'), extract(microseconds FROM timestamptz '2024-05-06 07:08:00+00');
-- 3000004|59999.999|0
SELECT extract(milliseconds FROM date '2024-05-06');
-- ERROR 0A000
SELECT extract(century FROM time '01:02');
-- ERROR 0A000
SELECT date_part('year', date '2024-05-06');
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- 2024
SELECT extract(hour FROM date '2024-05-06');
-- ERROR 0A000
SELECT extract(nonsense FROM date '2024-05-06');
-- ERROR 22023

-- case: dates are compared with timestamps
SELECT date '2024-01-01' < date '2024-01-02', date '2024-01-01' = timestamp '2024-01-01 00:00', date '2024-01-01' < timestamptz '2024-01-01 00:00:01+00';
-- t|t|t

-- case: date_trunc
SELECT date_trunc('month', timestamp '2024-05-06 07:08:09'), date_trunc('hour', timestamptz '2024-05-06 07:08:09+00'), date_trunc('week', timestamp '2024-05-05 01:00'), date_trunc('quarter', timestamp '2024-05-05 01:00');
-- 2024-05-01 00:00:00|2024-05-06 07:00:00+00|2024-04-29 00:00:00|2024-04-01 00:00:00

-- case: dates from parts
SELECT make_date(2024, 5, 6);
-- 2024-05-06
SELECT make_date(2024, 2, 30);
-- ERROR 22008
SELECT make_timestamp(2024, 5, 6, 7, 8, 9.5), make_time(7, 8, 9);
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- 2024-05-06 07:08:09.5|07:08:09

-- case: columns of dates order and group
CREATE TABLE e (d date, at timestamp);
INSERT INTO e VALUES ('2024-05-06', '2024-05-06 07:08:09'), ('2024-05-05', NULL), ('2024-05-06', '2024-05-06 01:00');
-- INSERT 3
SELECT d, count(*), min(at), max(at) FROM e GROUP BY d ORDER BY d;
-- 2024-05-05|1|∅|∅
-- 2024-05-06|2|2024-05-06 01:00:00|2024-05-06 07:08:09
SELECT max(d) - min(d), max(d) + 1 FROM e;
-- 1|2024-05-07
SELECT d FROM e WHERE at >= '2024-05-06 02:00' AND d = '2024-05-06';
-- 2024-05-06

-- case: out of range
SELECT date '9999-12-31' + 1 > date '9999-12-31';
-- ERROR 22008
-- differs: Years 0001 to 9999
-- t

-- case: AT TIME ZONE
SELECT timestamp '2024-05-06 07:08:09' AT TIME ZONE 'UTC', timestamptz '2024-05-06 07:08:09+02' AT TIME ZONE 'UTC';
-- 2024-05-06 07:08:09+00|2024-05-06 05:08:09
