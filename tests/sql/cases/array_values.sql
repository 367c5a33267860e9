-- Arrays in expressions.

-- case: arrays are written in two ways
SELECT ARRAY[1, 2, 3], '{1,2,3}'::int[], ARRAY['a', 'b c', NULL], '{a,"b c",NULL,"NULL"}'::text[], ARRAY[]::int[], '{}'::text[];
-- {1,2,3}|{1,2,3}|{a,"b c",NULL}|{a,"b c",NULL,"NULL"}|{}|{}

-- case: elements find a common type
SELECT ARRAY[1, 2.5], ARRAY['1', 2], ARRAY[NULL, 1];
-- {1,2.5}|{1,2}|{NULL,1}
SELECT ARRAY[1, 'x'];
-- ERROR 22P02

-- case: quoting in arrays
SELECT ARRAY['a,b', 'c"d', 'e\f', '', '{}', 'plain'];
-- {"a,b","c\\"d","e\\\\f","","{}",plain}

-- case: subscripts count from one
SELECT (ARRAY[10, 20, 30])[1], (ARRAY[10, 20, 30])[3], (ARRAY[10, 20, 30])[4], (ARRAY[10, 20, 30])[0], ('{5,6}'::int[])[2];
-- 10|30|∅|∅|6

-- case: slices
SELECT (ARRAY[10, 20, 30, 40])[2:3], (ARRAY[10, 20, 30])[:2], (ARRAY[10, 20, 30])[2:];
-- {20,30}|{10,20}|{20,30}

-- case: lengths
SELECT array_length(ARRAY[1, 2, 3], 1), array_length('{}'::int[], 1), cardinality(ARRAY[1, 2]), cardinality('{}'::int[]), array_upper(ARRAY[1, 2], 1), array_lower(ARRAY[1, 2], 1), array_length(ARRAY[1], 2);
-- 3|∅|2|0|2|1|∅

-- case: appending and concatenating
SELECT array_append(ARRAY[1], 2), array_prepend(0, ARRAY[1]), array_cat(ARRAY[1], ARRAY[2, 3]), ARRAY[1] || 2, 0 || ARRAY[1], ARRAY[1] || ARRAY[2], ARRAY[1] || NULL::int[], array_append(NULL::int[], 1);
-- {1,2}|{0,1}|{1,2,3}|{1,2}|{0,1}|{1,2}|{1}|{1}

-- case: searching, removing and replacing
SELECT array_position(ARRAY['a', 'b', 'a'], 'b'), array_position(ARRAY[1], 9), array_remove(ARRAY[1, 2, 1], 1), array_replace(ARRAY[1, 2, 1], 1, 5);
-- 2|∅|{2}|{5,2,5}

-- case: filling
SELECT array_fill(7, ARRAY[3]), array_fill('x'::text, ARRAY[2]);
-- {7,7,7}|{x,x}

-- case: ANY and ALL
SELECT 1 = ANY (ARRAY[1, 2]), 3 = ANY (ARRAY[1, 2]), 3 <> ALL (ARRAY[1, 2]), 2 > ALL (ARRAY[1, 0]), 1 = ANY (ARRAY[2, NULL]), 1 = ANY ('{}'::int[]), 1 <> ALL ('{}'::int[]), NULL = ANY (ARRAY[1]);
-- t|f|t|t|∅|f|t|∅

-- case: ANY with a literal
SELECT 2 = ANY ('{1,2}'), 'b' = ANY ('{a,b}'::text[]);
-- t|t

-- case: arrays are compared element by element
SELECT ARRAY[1, 2] = ARRAY[1, 2], ARRAY[1, 2] = ARRAY[2, 1], ARRAY[1, NULL] = ARRAY[1, NULL], ARRAY[1] <> ARRAY[1, 2];
-- t|f|t|t
SELECT ARRAY[1, 2] < ARRAY[1, 3], ARRAY[1] < ARRAY[1, 0];
-- t|t

-- case: containment and overlap
SELECT ARRAY[1, 2, 3] @> ARRAY[2], ARRAY[2] <@ ARRAY[1, 2], ARRAY[1, 2] && ARRAY[2, 3];
-- t|t|t

-- case: unnest gives rows
SELECT n FROM unnest(ARRAY[3, 1, 2]) AS n;
-- 3
-- 1
-- 2
SELECT * FROM unnest(ARRAY['a', NULL]) AS u (w);
-- a
-- ∅
SELECT sum(n) FROM unnest('{}'::int[]) AS n;
-- ∅

-- case: unnest with ordinality
SELECT w, i FROM unnest(ARRAY['x', 'y']) WITH ORDINALITY AS u (w, i) ORDER BY i DESC;
-- y|2
-- x|1

-- case: unnest of several arrays
SELECT a, b FROM unnest(ARRAY[1, 2, 3], ARRAY['x', 'y']) AS u (a, b);
-- 1|x
-- 2|y
-- 3|∅

-- case: unnest joins with tables
CREATE TABLE stock (id int PRIMARY KEY, n int);
INSERT INTO stock VALUES (1, 10), (2, 20), (3, 30);
-- INSERT 3
SELECT id, n FROM stock WHERE id = ANY (ARRAY[1, 3]) ORDER BY id;
-- 1|10
-- 3|30
SELECT s.id, s.n - u.q FROM unnest(ARRAY[1, 2], ARRAY[5, 6]) AS u (i, q) JOIN stock AS s ON s.id = u.i ORDER BY 1;
-- 1|5
-- 2|14

-- case: array_agg
SELECT array_agg(n ORDER BY n DESC), array_agg(w ORDER BY n), array_agg(n ORDER BY n) FILTER (WHERE n > 5) FROM (VALUES (1, 'a'), (2, NULL)) AS v (n, w);
-- {2,1}|{a,NULL}|∅

-- case: texts and arrays
SELECT string_to_array('a,b,,c', ','), string_to_array('abc', NULL), string_to_array('', ','), array_to_string(ARRAY['a', NULL, 'b'], ','), array_to_string(ARRAY[1, NULL], ',', '*');
-- {a,b,"",c}|{a,b,c}|{}|a,b|1,*

-- case: generate_series
SELECT n FROM generate_series(1, 3) AS n;
-- 1
-- 2
-- 3
SELECT n FROM generate_series(5, 1, -2) AS n;
-- 5
-- 3
-- 1
SELECT count(*) FROM generate_series(3, 1);
-- 0
SELECT sum(g) FROM generate_series(1, 100) AS g;
-- 5050
SELECT 1 FROM generate_series(1, 2, 0);
-- ERROR 22023

-- case: an array from a query
SELECT ARRAY(SELECT n FROM (VALUES (2), (1)) AS v (n) ORDER BY n);
-- {1,2}

-- case: casts of arrays
SELECT ARRAY[1, 2]::text[], ARRAY['1', '2']::int[], ARRAY[1.5, 2.4]::int[], ARRAY[1, 2]::text, '{1.50,2}'::numeric(5,1)[];
-- {1,2}|{1,2}|{2,2}|{1,2}|{1.5,2.0}
SELECT '{1,x}'::int[];
-- ERROR 22P02
SELECT '{1,2'::int[];
-- ERROR 22P02
SELECT ARRAY['x']::int[];
-- ERROR 22P02

-- case: arrays of other types
SELECT ARRAY[true, false, NULL], ARRAY[1.50, 2], ARRAY[date '2024-01-02'], ARRAY[1::numeric(5,2), 2.5], ARRAY[0.5::double precision];
-- {t,f,NULL}|{1.50,2}|{2024-01-02}|{1.00,2.5}|{0.5}

-- case: NULL arrays
SELECT NULL::int[], (NULL::int[])[1], array_length(NULL::int[], 1), 1 = ANY (NULL::int[]), cardinality(NULL::int[]);
-- ∅|∅|∅|∅|∅

-- case: columns of arrays
CREATE TABLE x (a int[]);
-- ERROR 0A000
-- differs: Tables hold no arrays
INSERT INTO x VALUES ('{1,2}');
-- ERROR 42P01
-- differs: Tables hold no arrays
-- INSERT 1
SELECT a[1] FROM x;
-- ERROR 42P01
-- differs: Tables hold no arrays
-- 1

-- case: arrays of two dimensions
SELECT ARRAY[[1, 2], [3, 4]], (ARRAY[[1, 2], [3, 4]])[2][1];
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- {{1,2},{3,4}}|3
