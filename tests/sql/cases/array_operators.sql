-- Containment, overlap and all positions of arrays.

-- case: containment
SELECT ARRAY[1, 2, 3] @> ARRAY[3, 1], ARRAY[1, 2] @> ARRAY[1, 1, 1], ARRAY[1] @> ARRAY[1, 2], ARRAY[1, NULL] @> ARRAY[NULL]::int[], ARRAY[1, NULL] @> ARRAY[1], ARRAY[1] @> '{}', '{}'::int[] @> '{}', NULL::int[] @> ARRAY[1], ARRAY[1] @> NULL;
-- t|t|f|f|t|t|t|∅|∅
SELECT ARRAY[1] <@ ARRAY[2, 1], ARRAY['a'] <@ ARRAY['b'], '{}' <@ ARRAY[1], ARRAY[1.50, 2] @> ARRAY[1.5], ARRAY['a', 'b'] @> '{b}', ARRAY[true] @> ARRAY[false], ARRAY[date '2026-01-01'] @> '{2026-01-01}';
-- t|f|t|t|t|f|t
SELECT ARRAY[1] @> ARRAY['a'];
-- ERROR 42883
SELECT ARRAY[1] @> ARRAY[1.5];
-- ERROR 42883
SELECT ARRAY[1] @> 1;
-- ERROR 42883
-- case: overlap
SELECT ARRAY[1, 2] && ARRAY[2, 3], ARRAY[1] && ARRAY[2], '{}'::int[] && '{}', ARRAY[1, NULL] && ARRAY[NULL, 2], ARRAY[1] && NULL, ARRAY[1.0] && ARRAY[1.00], ARRAY['a'] && '{a,b}', NOT ARRAY[1] && ARRAY[1];
-- t|f|f|f|∅|t|t|f
SELECT 1 && 2;
-- ERROR 42883
SELECT ARRAY[1] && ARRAY['a'];
-- ERROR 42883
SELECT id FROM (VALUES (1, ARRAY['x', 'y']), (2, ARRAY['z'])) v(id, tags) WHERE tags && ARRAY['y', 'q'];
-- 1
-- case: all positions
SELECT array_positions(ARRAY[1, 2, 1], 1), array_positions(ARRAY[1, 2], 3), array_positions(ARRAY[1, NULL, 2, NULL], NULL), array_positions(NULL::int[], 1), array_positions('{}'::int[], 1), array_positions(ARRAY[1.0, 1], 1.00), array_positions(ARRAY['a', 'b', 'a'], 'a');
-- {1,3}|{}|{2,4}|∅|{}|{1,2}|{1,3}
SELECT array_positions(1, 1);
-- ERROR 42883
-- case: jsonb still contains
SELECT '[1, 2]'::jsonb @> '[1]', '{"a": 1}'::jsonb <@ '{"a": 1, "b": 2}';
-- t|t
SELECT '[1]'::jsonb && '[1]'::jsonb;
-- ERROR 42883
-- case: a subscript needs brackets around a constructor
SELECT (ARRAY[1, 2])[1];
-- 1
SELECT ARRAY[1, 2][1];
-- ERROR 42601
