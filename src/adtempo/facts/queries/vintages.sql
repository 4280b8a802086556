-- The rows of a batch by the number of their series, on disk: they may be many.
COPY (
    SELECT
        number, slot, observed_at, day_local, hour_of_week, ad_group_id, creative_id,
        {% for q in quantities %}
        {{ q }},
        {% endfor %}
        reach
    FROM incoming_entities i
    JOIN all_series s ON {% for key in keys %}i.{{ key }} = s.{{ key }} AND {% endfor %}true
) TO '{{ path }}' (FORMAT parquet, COMPRESSION lz4_raw);

CREATE OR REPLACE TEMP VIEW all_vintages AS FROM read_parquet('{{ path }}');
