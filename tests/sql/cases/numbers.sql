-- Exact and binary numbers: how they are read and rounded, and where they overflow.

-- case: integers divide towards zero
SELECT 7 / 2, -7 / 2, 7 % 3, -7 % 3, 7 % -3;
-- 3|-3|1|-1|1

-- case: division by zero is an error for each type
SELECT 1 / 0;
-- ERROR 22012
SELECT 1.0 / 0;
-- ERROR 22012
SELECT 1 % 0;
-- ERROR 22012
SELECT 1.5 % 0;
-- ERROR 22012
SELECT 1::double precision / 0;
-- ERROR 22012

-- case: operators bind as tightly as they should
SELECT 1 + 2 * 3, (1 + 2) * 3, -2 * -3, 10 - 2 - 3, 2 * 7 / 3, - 5 % 3;
-- 7|9|6|5|4|-2

-- case: integers overflow with an error at each width
SELECT 32767::smallint + 1::smallint;
-- ERROR 22003
SELECT 2147483647 + 1;
-- ERROR 22003
SELECT 9223372036854775807 + 1;
-- ERROR 22003
SELECT -9223372036854775808 - 1;
-- ERROR 22003
SELECT 9223372036854775807 * 2;
-- ERROR 22003
SELECT 40000::smallint;
-- ERROR 22003
SELECT 3000000000::integer;
-- ERROR 22003
SELECT (-32768)::smallint / -1::smallint;
-- ERROR 22003
SELECT abs(-2147483648);
-- ERROR 22003

-- case: a literal takes the smallest type that holds it
SELECT 2147483647 + 2147483648, 9223372036854775808 + 0;
-- 4294967295|9223372036854775808

-- case: sums of integers widen
SELECT sum(n) FROM (VALUES (2147483647), (2147483647)) AS v (n);
-- 4294967294
SELECT sum(n) FROM (VALUES (9223372036854775807), (9223372036854775807)) AS v (n);
-- 18446744073709551614

-- case: addition and multiplication keep all digits of numerics
SELECT 1.10 + 2.205, 1.10 - 1.1, 1.50 * 2.0, 0.1 + 0.2, -0.0, 1.00;
-- 3.305|0.00|3.000|0.3|0.0|1.00

-- case: quotients have as many digits as PostgreSQL gives them
SELECT 1.0 / 3, 10.0 / 4, 1 / 3.0, 2.00 / 3.0000, 100000000000.0 / 3, 1.0 / 300000;
-- 0.33333333333333333333|2.5000000000000000|0.33333333333333333333|0.66666666666666666667|33333333333.33333333|0.000003333333333333333333

-- case: the remainder of numerics has the sign of the dividend
SELECT 7.5 % 2, -7.5 % 2, 7.5 % -2, mod(7.5, 2.2);
-- 1.5|-1.5|1.5|0.9

-- case: rounding is half away from zero
SELECT round(2.5), round(-2.5), round(0.5), round(2.45, 1), round(-2.45, 1), round(1234.5, -2), round(2.345, 2);
-- 3|-3|1|2.5|-2.5|1200|2.35

-- case: trunc, ceil and floor of numerics
SELECT trunc(2.9), trunc(-2.9), trunc(2.987, 2), ceil(2.1), ceil(-2.1), floor(2.9), floor(-2.1), ceiling(0.0);
-- 2|-2|2.98|3|-2|2|-3|0

-- case: abs and sign
SELECT abs(-5), abs(-5.50), sign(-3), sign(0), sign(2.5), abs(-1.5::double precision);
-- 5|5.50|-1|0|1|1.5

-- case: a cast to numeric rounds to the scale
SELECT 1.005::numeric(10,2), 1.995::numeric(10,2), -1.005::numeric(10,2), 1::numeric(5,3), 12345.678::numeric(5,0);
-- 1.01|2.00|-1.01|1.000|12346

-- case: a cast to numeric that does not fit is an error
SELECT 1000::numeric(3,0);
-- ERROR 22003
SELECT 99.995::numeric(4,2);
-- ERROR 22003

-- case: a numeric becomes an integer by rounding
SELECT 2.5::integer, 3.5::integer, -2.5::integer, 0.4::bigint, 2.5::double precision::integer, 3.5::double precision::integer;
-- 3|4|-3|0|2|4

-- case: text becomes numbers if it spells one
SELECT '12'::integer, ' 12 '::integer, '-0'::integer, '1e3'::numeric, '.5'::numeric, '5.'::numeric, '+7'::integer;
-- 12|12|0|1000|0.5|5|7
SELECT '12.5'::integer;
-- ERROR 22P02
SELECT 'twelve'::integer;
-- ERROR 22P02
SELECT ''::integer;
-- ERROR 22P02
SELECT '99999999999'::integer;
-- ERROR 22003
SELECT '1_000'::integer;
-- ERROR 22P02

-- case: the spelling of binary numbers is the shortest
SELECT 0.1::double precision, 1e20::double precision, 1e15::double precision, 123456789012345::double precision, 1e-5::double precision;
-- 0.1|1e+20|1e+15|123456789012345|1e-05
SELECT 0.0001::double precision, -2.5::double precision, 1e14::float8, 1::double precision / 3, 100::double precision;
-- 0.0001|-2.5|100000000000000|0.3333333333333333|100

-- case: the spelling of reals is the shortest
SELECT 1e6::real, 123456::real, 0.1::real, 1e-5::real, 16777217::real;
-- 1e+06|123456|0.1|1e-05|1.6777216e+07

-- case: binary numbers are added as IEEE 754 says
SELECT 0.1::double precision + 0.2::double precision, 1e308::double precision * 1.5::double precision;
-- 0.30000000000000004|1.5e+308

-- case: binary numbers overflow with an error
SELECT 1e308::double precision * 10::double precision;
-- ERROR 22003
SELECT '1e400'::double precision;
-- ERROR 22003

-- case: NaN and infinity
SELECT 'NaN'::numeric;
-- ERROR 22P02
-- differs: No NaN, no infinity
-- NaN
SELECT 'Infinity'::double precision;
-- ERROR 22P02
-- differs: No NaN, no infinity
-- Infinity

-- case: numerics are compared by value
SELECT 1.0 = 1.00, 1 = 1.0, 1.5 > 1, 2 BETWEEN 1.9 AND 2.1, 0.1::numeric = 0.1::double precision, 3::smallint = 3::bigint;
-- t|t|t|t|t|t

-- case: an integer and a numeric make a numeric
SELECT 1 + 1.5, 3 * 0.5, 10 / 4.0, 2::bigint * 1.25;
-- 2.5|1.5|2.5000000000000000|2.50

-- case: columns of limited scale round what is put into them
CREATE TABLE m (a numeric(8,2), b numeric(30,10), c numeric);
INSERT INTO m VALUES (1.005, 1.00000000005, 1.50), (999999.994, 2, 1.5) RETURNING *;
-- 1.01|1.0000000001|1.50
-- 999999.99|2.0000000000|1.5
INSERT INTO m (a) VALUES (999999.995);
-- ERROR 22003
SELECT a * 2, a + 0.001, b / 3, c FROM m ORDER BY a;
-- 2.02|1.011|0.33333333336666666667|1.50
-- 1999999.98|999999.991|0.66666666666666666667|1.5
SELECT sum(a), avg(a), min(a), max(a) FROM m;
-- 1000001.00|500000.500000000000|1.01|999999.99
UPDATE m SET a = a / 3;
-- UPDATE 2
SELECT a FROM m ORDER BY a;
-- 0.34
-- 333333.33

-- case: avg of integers is a numeric
SELECT avg(n), avg(n::smallint) FROM (VALUES (1), (2), (2)) AS v (n);
-- 1.6666666666666667|1.6666666666666667

-- case: greatest and least pass over NULL
SELECT greatest(1, NULL, 3), least(2.5, 1), greatest(NULL::int, NULL), least('b', 'a');
-- 3|1|∅|a

-- case: numbers as text
SELECT 5::text, 1.50::text, (-3)::text, 12345678901234567890::text, 0.00001::text, 'n: ' || 1.0;
-- 5|1.50|-3|12345678901234567890|0.00001|n: 1.0

-- case: unary minus and plus
SELECT -(-5), +5, - -5, -(1.5);
-- 5|5|5|-1.5

-- case: an operator that does not exist for the types
SELECT 'a' + 1;
-- ERROR 22P02
SELECT true + 1;
-- ERROR 42883
SELECT 1 + 'x'::text;
-- ERROR 42883
SELECT current_date * 2;
-- ERROR 42883

-- case: power, sqrt and other functions of numerics
SELECT power(2, 10), sqrt(16.0), exp(0.0), ln(1.0);
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- 1024|4.000000000000000|1.0000000000000000|0.0000000000000000

-- case: nothing sticks to a number
SELECT 1_000;
-- ERROR 42601
SELECT 12abc;
-- ERROR 42601
SELECT 1from (VALUES (1)) v;
-- ERROR 42601
SELECT 'é', 1_0;
-- ERROR 42601
SELECT 'é' AS e, 1 abc, 3"d", 2+.5 AS n, substring('abc'from 2);
-- é|1|3|2.5|bc

-- case: exponents of literals
SELECT 1e3, 1.5e2, 1e-3, 1.0e0;
-- 1000|150|0.001|1.0

-- case: bit operators
SELECT 5 & 3, 5 | 3, 5 # 3, ~5, 1 << 4, 256 >> 4;
-- 1|7|6|-6|16|16

-- case: gcd, lcm and div
SELECT div(7, 2), div(-7, 2), gcd(12, 18), lcm(4, 6), div(7.5, 2);
-- 3|-3|6|12|3

-- case: too many or too few arguments
SELECT mod(1, 2, 3);
-- ERROR 42883
SELECT round();
-- ERROR 42883
SELECT abs(1, 2);
-- ERROR 42883

-- case: numbers are negated twice
SELECT -(-1.5), - -0.001, -(-(-2)), 5 - -1, 5 - (-(-1.50));
-- 1.5|0.001|-2|6|3.50

-- case: untyped literals and NULL as arguments
SELECT abs(NULL), round(NULL), round(NULL, 1), trunc(NULL, 1), ceil(NULL), floor(NULL), sign(NULL), abs('-1.5');
-- ∅|∅|∅|∅|∅|∅|∅|1.5
SELECT round('1.55', 1), abs('x');
-- ERROR 22P02
SELECT bool_and(NULL), bool_or(NULL);
-- ∅|∅
