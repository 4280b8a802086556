-- names
-- The texts of the series as ENUMs, a byte or two each: sorting and writing millions of postings then costs half. A
-- Parquet file cannot tell the difference.
{% for key in series_key %}
CREATE OR REPLACE TYPE {{ key }}_text AS ENUM (SELECT DISTINCT {{ key }} FROM series ORDER BY 1);
{% endfor %}

CREATE OR REPLACE TEMP TABLE names AS
SELECT
    {% for key in series_key %}
    {{ key }}::{{ key }}_text AS {{ key }},
    {% endfor %}
    number, series
FROM series;
