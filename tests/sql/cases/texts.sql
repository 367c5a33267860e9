-- Functions and operators of texts.

-- case: concatenation takes what has a spelling
SELECT 'a' || 'b', 'n=' || 5, 1.50 || '', 'x' || NULL, 'd ' || date '2024-01-02';
-- ab|n=5|1.50|∅|d 2024-01-02

-- case: concat passes over NULL
SELECT concat('a', NULL, 1, true), concat_ws('-', 'a', NULL, 'b'), concat(), concat_ws(',', 1, 2.50);
-- ERROR 42883

-- case: lengths
SELECT length('äöü'), octet_length('äöü'), char_length(''), character_length('abc'), length('a b ');
-- 3|6|0|3|4

-- case: case of letters
SELECT lower('ABC xyz'), upper('abc XYZ');
-- abc xyz|ABC XYZ

-- case: substrings
SELECT substring('hello' FROM 2 FOR 3), substring('hello' FROM -1 FOR 4), substr('hello', 3), substring('hello' FROM 10), substring('hello' FOR 2), substr('hello', 0, 3);
-- ell|he|llo||he|he
SELECT substring('hello' FROM 2 FOR -1);
-- ERROR 22011

-- case: left and right
SELECT left('hello', 2), left('hello', -2), right('hello', 2), right('hello', -2), left('hello', 0), left('hi', 9), right('hi', -9);
-- he|hel|lo|llo||hi|

-- case: positions
SELECT position('l' IN 'hello'), strpos('hello', 'z'), position('' IN 'x'), strpos('hello', 'lo');
-- 3|0|1|4

-- case: trimming
SELECT trim('  a  ') || '.', ltrim('xxaxx', 'x'), rtrim('xxaxx', 'x'), btrim('xyaxy', 'xy'), trim(both 'x' from 'xax'), trim(leading 'x' from 'xax'), trim(trailing from 'a  ') || '.';
-- a.|axx|xxa|a|a|ax|a.

-- case: padding
SELECT lpad('7', 3, '0'), rpad('7', 3, '.'), lpad('hello', 2), rpad('hello', 3), lpad('a', 4, 'xy'), lpad('a', 3) || '|';
-- 007|7..|he|hel|xyxa|  a|

-- case: replacing and repeating
SELECT replace('aXbX', 'X', '--'), replace('abc', '', 'x'), reverse('abc'), repeat('ab', 3), repeat('ab', -1) || '.';
-- a--b--|abc|cba|ababab|.

-- case: parts of a text
SELECT split_part('a,b,c', ',', 2), split_part('a,b,c', ',', -1), split_part('a,b', ',', 5), split_part('a', '', 1);
-- b|c||a
SELECT split_part('a', ',', 0);
-- ERROR 22023

-- case: LIKE
SELECT 'hello' LIKE 'h%', 'hello' LIKE 'h_llo', 'hello' LIKE 'H%', 'a%b' LIKE 'a\%b', 'axb' LIKE 'a\%b', 'a%' LIKE 'a!%' ESCAPE '!', 'x' NOT LIKE 'y', NULL LIKE 'a', '' LIKE '%';
-- t|t|f|t|f|t|t|∅|t

-- case: ILIKE does not mind the case
SELECT 'hello' ILIKE 'HE%', 'hello' NOT ILIKE 'x%';
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- t|t

-- case: texts are compared by code points
SELECT 'a' < 'b', 'B' < 'a', 'a' < 'ab', 'ä' > 'z', '10' < '9';
-- t|t|t|t|t
SELECT w FROM (VALUES ('b'), ('A'), ('a'), ('B'), ('é'), ('')) AS v (w) ORDER BY w;
--
-- A
-- B
-- a
-- b
-- é

-- case: starts_with and ascii
SELECT starts_with('hello', 'he'), ascii('a'), ascii('ä');
-- t|97|228

-- case: quotes inside of literals
SELECT 'it''s', $$dollar 'quoted'$$, $tag$a $$ b$tag$;
-- it's|dollar 'quoted'|a $$ b

-- case: texts over several lines
SELECT 'a
b';
-- a\nb
SELECT 'a' 'b';
-- ERROR 42601

-- case: regular expressions
SELECT 'abc' ~ 'b', 'abc' ~ '^b', 'ABC' ~* 'b', 'abc' !~ 'x', regexp_replace('abc', 'b', 'x');
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- t|f|t|t|axc

-- case: format
SELECT format('%s is %s', 'a', 1), format('%I', 'a b'), format('%L', 'it''s'), format('%%');
-- a is 1|"a b"|'it''s'|%
SELECT format('%I %I %I', 'ok_1', 'Ab"c', 'select'), format('%2$s %1$s %s', 'a', 'b', 'c'), format('%s %s', true, 1.50);
-- ok_1 "Ab""c" "select"|b a b|t 1.50
SELECT format('%10s|', 'a'), format('%-4s|', 5), format('%*s|', 6, 'd'), format('%2$*1$s|', 5, 'a'), format('%*s|', -3, 'x');
--          a||5   ||     d||    a||x  |
SELECT format('%s%L', NULL, NULL), format(NULL), format('%L', 'a\b');
-- NULL|∅|E'a\\\\b'
SELECT format('%I', NULL);
-- ERROR 22004
SELECT format('%x', 1);
-- ERROR 22023
SELECT format('%s');
-- ERROR 22023
SELECT format('%');
-- ERROR 22023
SELECT format('%0$s', 1);
-- ERROR 22023
SELECT format('%99999999999s', 'a');
-- ERROR 22003
SELECT format('%*s', 'x', 'y');
-- ERROR 22P02

-- case: characters by number
SELECT chr(65), chr(228), chr(128512), initcap('hello wORLD-foo_bar 9ab x''y');
-- A|ä|😀|Hello World-Foo_Bar 9ab X'Y
SELECT chr(0);
-- ERROR 54000
SELECT chr(-1);
-- ERROR 22023
SELECT chr(55296);
-- ERROR 54000

-- case: hashes and encodings
SELECT md5('abc'), md5('äöü'), md5('\x00ff'::bytea);
-- 900150983cd24fb0d6963f7d28e17f72|0a09d7ee1e23c509e5e6846c86823081|d07d34efac6328007ad67c7e0a985e00
SELECT encode('\x6162'::bytea, 'hex'), encode(sha256('\x616263'), 'hex'), decode('00 fF', 'hex');
-- 6162|ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad|\\x00ff
SELECT encode('\x00ff41', 'base64'), length(encode(('\x' || repeat('00ff41', 40))::bytea, 'base64'));
-- AP9B|162
SELECT decode('0', 'hex');
-- ERROR 22023
SELECT encode('\x00'::bytea, 'nope');
-- ERROR 22023
SELECT sha256('abc');
-- ERROR 22P02
-- differs: Whatever is not listed here is refused
-- \\xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad

-- case: string_agg
SELECT string_agg(w, ',' ORDER BY w DESC), string_agg(w, '' ORDER BY n) FROM (VALUES ('a', 2), ('b', 1), ('a', 3), (NULL, 0)) AS v (w, n);
-- b,a,a|baa
SELECT string_agg(DISTINCT w, '-' ORDER BY w) FROM (VALUES ('a', 2), ('b', 1), ('a', 3), (NULL, 0)) AS v (w, n);
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- a-b

-- case: quoting functions
SELECT quote_ident('a b'), quote_literal('it''s'), quote_literal(5), quote_nullable(NULL), quote_nullable('x');
-- "a b"|'it''s'|'5'|NULL|'x'

-- case: to_char of numbers and dates
SELECT to_char(date '2024-05-06', 'YYYY-MM-DD'), to_char(timestamp '2024-05-06 07:08:09', 'HH24:MI:SS');
-- 2024-05-06|07:08:09
SELECT to_char(1234.5, 'FM9999.00'), to_char(7, '000');
-- ERROR 42883
-- differs: Whatever is not listed here is refused
-- 1234.50| 007

-- case: functions of texts that are left out
SELECT translate('12345', '143', 'ax');
-- a2x5
SELECT overlay('Txxxxas' placing 'hom' from 2 for 4);
-- Thomas

-- case: escapes in literals
SELECT E'a\tb\n', E'\'';
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- a	b\n|'
