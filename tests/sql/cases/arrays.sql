-- Arrays: as PostgreSQL 15 answers.

-- case: arrays one after another
SELECT ARRAY[1,2,NULL], ARRAY['a','b c',NULL,'null',''], ARRAY[1.5,2.25], ARRAY[true,false], '{1, 2 ,3}'::int[], '{"a","b\"c", NULL}'::text[], ARRAY[1,2.5];
-- {1,2,NULL}|{a,"b c",NULL,"null",""}|{1.5,2.25}|{t,f}|{1,2,3}|{a,"b\\"c",NULL}|{1,2.5}
SELECT (ARRAY[10,20,30])[2], ('{a,b}'::text[])[3], (ARRAY[1,2,3])[2:3];
-- 20|∅|{2,3}
SELECT array_length(ARRAY[1,2],1), cardinality(ARRAY[1,2]), array_upper('{}'::int[],1), array_lower(ARRAY[1],1), array_length(ARRAY[1],2);
-- 2|2|∅|1|∅
SELECT array_append(ARRAY[1],2), array_prepend(0,ARRAY[1]), array_cat(ARRAY[1],ARRAY[2]), ARRAY[1]||2, 0||ARRAY[1], ARRAY[1]||ARRAY[2,3], ARRAY[1]||'{5}';
-- {1,2}|{0,1}|{1,2}|{1,2}|{0,1}|{1,2,3}|{1,5}
SELECT array_fill(7,ARRAY[3]), array_position(ARRAY[1,2,1],1), array_position(ARRAY[1,2,1],1,2), array_remove(ARRAY[1,2,1],1), array_replace(ARRAY[1,2],2,9);
-- {7,7,7}|1|3|{2}|{1,9}
SELECT * FROM unnest(ARRAY[3,1,2]) WITH ORDINALITY AS t(x,n) ORDER BY x;
-- 1|2
-- 2|3
-- 3|1
SELECT * FROM unnest(ARRAY[1,2],ARRAY['a','b','c']) AS t(x,y);
-- 1|a
-- 2|b
-- ∅|c
SELECT u FROM unnest(ARRAY['z','y']) u;
-- z
-- y
SELECT 1 = ANY(ARRAY[1,2]), 3 = ANY(ARRAY[1,NULL]), 3 <> ALL(ARRAY[1,2]), 1 = ANY('{}'::int[]), NULL = ANY(ARRAY[1]), 1.0 = ANY(ARRAY[1,2]), 1 < ALL(ARRAY[2,3]), '2' = ANY(ARRAY[1,2]);
-- t|∅|t|f|∅|t|t|t
SELECT array_agg(x ORDER BY x DESC), array_agg(DISTINCT x) FROM (VALUES (1),(3),(2),(3)) v(x);
-- {3,3,2,1}|{1,2,3}
SELECT array_agg(x ORDER BY x) FROM (VALUES (1)) v(x) WHERE false;
-- ∅
SELECT string_to_array('a,b,,c',','), array_to_string(ARRAY[1,NULL,3],',','*'), string_to_array('a,b',',','b'), array_to_string(ARRAY[1.50,2],'/');
-- {a,b,"",c}|1,*,3|{a,NULL}|1.50/2
SELECT * FROM generate_series(1,3);
-- 1
-- 2
-- 3
SELECT g*2 AS d FROM generate_series(5,1,-2) AS g;
-- 10
-- 6
-- 2
SELECT count(*) FROM generate_series(1,NULL) g;
-- 0
SELECT n FROM generate_series(1,3,0) n;
-- ERROR 22023
SELECT ARRAY(SELECT x FROM (VALUES (3),(1)) v(x) ORDER BY x);
-- {1,3}
SELECT '{1,2}'::int[]::text, ARRAY[1,2]::bigint[], ARRAY[1.255]::numeric(5,2)[], ARRAY['1','2']::int[], (ARRAY[1.25]::numeric(5,2)[])[1] + 1;
-- {1,2}|{1,2}|{1.26}|{1,2}|2.25
SELECT ARRAY[1]+1;
-- ERROR 42883
SELECT ARRAY[];
-- ERROR 42P18
SELECT ARRAY[]::int[];
-- {}
SELECT x, (SELECT sum(y) FROM unnest(x) y) FROM (VALUES (ARRAY[1,2]),(ARRAY[3])) v(x);
-- {1,2}|3
-- {3}|3
SELECT t.x, u.y FROM (VALUES (ARRAY[1,2]),(ARRAY[3])) t(x), unnest(t.x) u(y);
-- {1,2}|1
-- {1,2}|2
-- {3}|3
SELECT array_length(1,1);
-- ERROR 42883
SELECT 1 = ANY(3);
-- ERROR 42809
SELECT x+1 FROM unnest(ARRAY[0.5::double precision, 0.1]) x;
-- 1.5
-- 1.1
SELECT max(x) FROM unnest(ARRAY[1.10,1.1,2]) x;
-- 2
SELECT x FROM unnest(ARRAY[1.10,2]) x WHERE x = ANY(ARRAY[1.1]);
-- 1.10
SELECT 1 WHERE 2 = ANY (SELECT 2);
-- 1
