-- Which texts were read by an embedding model is asked at each search: without reading every vector.
CREATE INDEX meanings_by_model ON meanings (model, entry_id);
