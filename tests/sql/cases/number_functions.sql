-- Whole quotients, common divisors and bits.

-- case: div cuts towards zero
SELECT div(7, 2), div(-7, 2), div(7, -2), div(7.5, 2), div(1, 3), div(0, 5), div(-1, 3), div(5.25, 0.5), div(NULL, 2), div('9', '4');
-- 3|-3|-3|3|0|0|0|10|∅|2
SELECT div(1, 0);
-- ERROR 22012
SELECT div(1, 2::double precision);
-- ERROR 42883
SELECT div(9223372036854775807, 10), div(1e30, 7);
-- 922337203685477580|142857142857142857142857142857
-- case: gcd and lcm
SELECT gcd(12, 18), gcd(-12, 18), gcd(0, 5), gcd(0, 0), gcd(7, 0), lcm(4, 6), lcm(-4, 6), lcm(0, 6), lcm(0, 0);
-- 6|6|5|0|7|12|12|0|0
SELECT gcd(12::bigint, 18), gcd(1.5, 1), gcd(1.20, 0.4), lcm(1.5, 2), lcm(0, 2.50), gcd(4, '6'), gcd(NULL, 4), lcm(4, NULL);
-- 6|0.5|0.40|6.0|0.00|2|∅|∅
SELECT gcd(-2147483647 - 1, 0);
-- ERROR 22003
SELECT lcm(2147483647, 2);
-- ERROR 22003
SELECT lcm(9223372036854775807, 2);
-- ERROR 22003
SELECT gcd(1, true);
-- ERROR 42883
SELECT gcd(1);
-- ERROR 42883
SELECT gcd(12::smallint, 18::smallint);
-- ERROR 42725
SELECT lcm('4', '6');
-- ERROR 42725
SELECT gcd(12::smallint, 18), lcm(12::smallint, 18::bigint);
-- 6|36
-- case: bits
SELECT 12 & 10, 12 | 3, 12 # 10, ~5, ~(-1), -5 & 255, 1::bigint | 2, 7::smallint & 3::smallint, 6 & NULL, NULL | 1, '6' & 3;
-- 8|15|6|-6|0|251|3|3|∅|∅|2
SELECT 1 << 4, 1 << 31, 1 << 32, 1 << 33, 1 << -1, 3 << 31, -1 << 3, -17 >> 2, 17 >> 33, -1 >> 31, 1::bigint << 40, 1::bigint << 64, 1::bigint << 63;
-- 16|-2147483648|1|2|-2147483648|-2147483648|-8|-5|8|-1|1099511627776|1|-9223372036854775808
SELECT 1::smallint << 15, 1::smallint << 16, 3::smallint << 17, (-1)::smallint >> 17, 32767::smallint << 1, NULL << 1, 1 << NULL;
-- -32768|0|0|-1|-2|∅|∅
SELECT 1 + 2 << 3, 1 << 2 + 1, 5 & 3 | 8, 8 | 5 & 3, 6 # 3 & 1, 2 * 3 & 4, 5 & 6 = 4, 1 << 2 << 3;
-- 24|8|9|1|1|4|t|32
SELECT ~1 + 1, ~2 * 3, ~ ~ 5, - ~ 5, 10 - ~ 3, 2 & ~ 1, ~1 & 3, (~1) + 1;
-- -3|-7|5|6|14|2|2|-1
SELECT 1 < < 2;
-- ERROR 42601
SELECT 1.5 & 1;
-- ERROR 42883
SELECT ~1.5;
-- ERROR 42883
SELECT 1 << 2::bigint;
-- ERROR 42883
SELECT 'a' & 1;
-- ERROR 22P02
SELECT true & false;
-- ERROR 42883
-- case: bits in a table
CREATE TABLE f (id int PRIMARY KEY, flags int NOT NULL DEFAULT 1 << 3, CHECK (flags & 1 = 0), CHECK (~flags + 1 <> 0 AND ~ ~flags >= 0));
INSERT INTO f (id) VALUES (1);
-- INSERT 1
INSERT INTO f VALUES (2, 6), (3, 12);
-- INSERT 2
INSERT INTO f VALUES (4, 7);
-- ERROR 23514
UPDATE f SET flags = flags & ~4 WHERE flags & 4 <> 0;
-- UPDATE 2
SELECT * FROM f ORDER BY flags # 10, id;
-- 1|8
-- 3|8
-- 2|2
