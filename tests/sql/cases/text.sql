-- case: texts
SELECT 'a' || 'b', 'n=' || 5, 1.50 || '', true || 'x';
-- ab|n=5|1.50|truex
SELECT 1 || 2;
-- ERROR 42883
SELECT length('äöü'), octet_length('äöü'), char_length('');
-- 3|6|0
SELECT lower('ABC'), upper('abc');
-- abc|ABC
SELECT substring('hello' FROM 2 FOR 3), substring('hello' FROM -1 FOR 4), substr('hello', 3), substring('hello' FROM 10);
-- ell|he|llo|
SELECT substring('hello' FROM 2 FOR -1);
-- ERROR 22011
SELECT left('hello', 2), left('hello', -2), right('hello', 2), right('hello', -2), left('hello', 0);
-- he|hel|lo|llo|
SELECT position('l' IN 'hello'), strpos('hello', 'z'), position('' IN 'x');
-- 3|0|1
SELECT trim('  x '), ltrim('xxa', 'x'), rtrim('axx', 'x'), trim(BOTH 'ab' FROM 'abcba'), btrim('--x-', '-');
-- x|a|a|c|x
SELECT lpad('7', 3, '0'), rpad('7', 3, 'ab'), lpad('hello', 2), rpad('hello', 2, 'x'), lpad('x', 4);
-- 007|7ab|he|he|   x
SELECT replace('aXbX', 'X', '--'), replace('abc', '', 'x'), reverse('abc'), repeat('ab', 3), repeat('x', -1);
-- a--b--|abc|cba|ababab|
SELECT split_part('a,b,c', ',', 2), split_part('a,b,c', ',', -1), split_part('a,b', ',', 5);
-- b|c|
SELECT split_part('a', ',', 0);
-- ERROR 22023
SELECT concat('a', NULL, 1, true), concat_ws('-', 'a', NULL, 'b');
-- a1t|a-b
SELECT starts_with('hello', 'he'), ascii('a');
-- t|97
SELECT 'hello' LIKE 'h%o', 'hello' LIKE 'H%', 'hello' LIKE 'h_llo', 'hello' NOT LIKE '%z%', 'a%b' LIKE 'a\%b';
-- t|f|t|t|t
SELECT 'a%b' LIKE 'a!%b' ESCAPE '!', 'axb' LIKE 'a!%b' ESCAPE '!', '' LIKE '%', 'abcabc' LIKE '%bc', 'aXbXc' LIKE 'a%b_c';
-- t|f|t|t|t
SELECT 'a' < 'b', 'B' < 'a', 'a' < 'ab', 'Z' < 'é';
-- t|t|t|t
SELECT 'abc'::varchar(2), 'ab   '::varchar(3), 'abcd'::char(2) = 'ab';
-- ab|ab |t
SELECT 'it''s', $$dollar 'quoted'$$;
-- it's|dollar 'quoted'
SELECT 'a' = 1;
-- ERROR 22P02
SELECT 'yes'::boolean, 'off'::boolean, 't'::boolean;
-- t|f|t
SELECT 'maybe'::boolean;
-- ERROR 22P02
SELECT length(5);
-- ERROR 42883
SELECT NULL || 'x', coalesce(NULL, 'y'), nullif('a', 'a'), nullif('a', 'b');
-- ∅|y|∅|a
SELECT 5::text || 'x', true::text, 1.50::text;
-- 5x|true|1.50
SELECT 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid;
-- a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11
SELECT 'x'::uuid;
-- ERROR 22P02
SELECT '\xDEADbeef'::bytea;
-- \\xdeadbeef

-- case: translate
SELECT translate('12345', '143', 'ax'), translate('abc', '', 'x'), translate('abc', 'abc', ''), translate('aab', 'aa', 'xy'), translate('äöü', 'öä', 'o'), translate('', 'a', 'b'), translate(NULL, 'a', 'b'), translate('a', NULL, 'b'), translate('a', 'a', 'bcd');
-- a2x5|abc||xxb|oü||∅|∅|b
SELECT translate(1, 'a', 'b');
-- ERROR 42883
SELECT translate('a', 'b');
-- ERROR 42883
-- case: overlay
SELECT overlay('Txxxxas' PLACING 'hom' FROM 2 FOR 4), overlay('abcdef' PLACING 'X' FROM 3), overlay('abcdef' PLACING 'XYZ' FROM 6), overlay('abc' PLACING 'X' FROM 10), overlay('abc' PLACING 'X' FROM 2 FOR 0), overlay('abc' PLACING 'X' FROM 2 FOR -1), overlay('abc' PLACING '' FROM 2 FOR 1), overlay('abc' PLACING NULL FROM 1), overlay(NULL PLACING 'a' FROM 1), overlay('äöü' PLACING 'o' FROM 2 FOR 1), overlay('abc' PLACING 'X' FROM 3 FOR -7);
-- Thomas|abXdef|abcdeXYZ|abcX|aXbc|aXabc|ac|∅|∅|äoü|abXabc
SELECT overlay('abcdef', 'X', 3), overlay('abcdef', 'X', 3, 2);
-- abXdef|abXef
SELECT overlay('abc' PLACING 'X' FROM 0);
-- ERROR 22011
SELECT overlay('abc' PLACING 'X' FROM -1 FOR 2);
-- ERROR 22011
SELECT overlay('abc' PLACING 'X' FROM 2147483647 FOR 2);
-- ERROR 22003
SELECT overlay('abc' PLACING 1 FROM 1);
-- ERROR 42883
SELECT overlay('abc' PLACING 'X');
-- ERROR 42601
