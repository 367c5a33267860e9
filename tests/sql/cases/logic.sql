-- case: conditions and NULL
SELECT true AND NULL, false AND NULL, true OR NULL, NOT NULL::boolean;
-- ∅|f|t|∅
SELECT NULL = NULL, NULL IS NULL, 1 IS NOT NULL, 1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL;
-- ∅|t|t|t|t
SELECT 1 IN (1, 2), 3 IN (1, 2), 3 IN (1, NULL), 3 NOT IN (1, NULL);
-- t|f|∅|∅
SELECT 1.0 IN (1, 2.5), '1' IN ('1'), 1.10 IN (1.1);
-- t|t|t
SELECT 2 BETWEEN 1 AND 3, 2 NOT BETWEEN 1 AND 3, 'b' BETWEEN 'a' AND 'c';
-- t|f|t
SELECT CASE WHEN 1 > 2 THEN 'a' WHEN 2 > 1 THEN 'b' ELSE 'c' END, CASE 3 WHEN 1 THEN 'x' END;
-- b|∅
SELECT CASE WHEN true THEN 1 ELSE 2.5 END, CASE WHEN false THEN 1 ELSE 2.5 END;
-- 1|2.5
SELECT CASE WHEN true THEN 1 ELSE 'x' END;
-- ERROR 22P02
SELECT coalesce(NULL, 1, 2), coalesce(NULL::int, 1.5);
-- 1|1.5
SELECT (true IS TRUE), (NULL::boolean IS NOT TRUE), (false IS NOT FALSE);
-- t|t|f
SELECT 1 WHERE 2 > 1;
-- 1
SELECT 1 WHERE 'x';
-- ERROR 22P02
SELECT 1 WHERE 1;
-- ERROR 42804
SELECT (1, 2) = (1, 2), (1, 2) = (1, 3), (1, 2) <> (1, 3);
-- t|f|t
SELECT EXISTS (SELECT 1 WHERE false), NOT EXISTS (SELECT 1 WHERE false);
-- f|t
SELECT 'true' = true, 'f' = false;
-- t|t
SELECT true > false, true::int, 0::boolean, 5::boolean;
-- t|1|f|t
SELECT date '2024-02-29', '2024-01-31'::date + 1, date '2024-03-01' - date '2024-02-01';
-- 2024-02-29|2024-02-01|29
SELECT '2023-02-29'::date;
-- ERROR 22008
SELECT 'nonsense'::date;
-- ERROR 22007
SELECT '2024-05-06 07:08'::timestamp, '2024-05-06T07:08:09.120'::timestamp, '2024-05-06'::timestamp;
-- 2024-05-06 07:08:00|2024-05-06 07:08:09.12|2024-05-06 00:00:00
SELECT '2024-05-06 07:08:09+02'::timestamptz, '2024-05-06 07:08:09'::timestamptz, '2024-05-06 07:08:09.5 -03:30'::timestamptz;
-- 2024-05-06 05:08:09+00|2024-05-06 07:08:09+00|2024-05-06 10:38:09.5+00
SELECT '07:08'::time, '23:59:59.5'::time;
-- 07:08:00|23:59:59.5
SELECT '25:00'::time;
-- ERROR 22008
SELECT extract(year FROM date '2024-05-06'), extract(dow FROM date '2024-05-05'), extract(doy FROM date '2024-12-31'), extract(second FROM timestamp '2024-05-06 07:08:09.25'), extract(quarter FROM date '2024-05-06');
-- 2024|0|366|9.250000|2
SELECT date '2024-01-01' < date '2024-01-02', date '2024-01-01' = timestamp '2024-01-01 00:00', date '2024-01-01' < '2024-01-02';
-- t|t|t
SELECT (timestamp '2024-05-06 07:08:09')::date, (timestamptz '2024-05-06 23:08:09+02')::time;
-- 2024-05-06|21:08:09
